// SPDX-License-Identifier: LGPL-2.1-or-later
// What the sanitizers are asked for here, by their own names for it. A crash of libxl's is shown in a child,
// which must die of its signal. A context whose xenstored has gone is left behind with what it owns.

extern "C" {

const char* __asan_default_options();
const char* __asan_default_options() {
    return "handle_segv=0:handle_abort=0:detect_leaks=0";
}

const char* __tsan_default_options();
const char* __tsan_default_options() {
    return "handle_segv=0:handle_abort=0";
}

const char* __tsan_default_suppressions();
const char* __tsan_default_suppressions() {
    // libxenstore joins its reading thread when its connection is closed, which is left behind, too.
    return "thread:xs_watch\n";
}

}  // extern "C"
