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
    // By the library's name, which is known also where no function's is. libxenstore joins its reading thread
    // when its connection is closed, which is left behind, too; and when xenstored goes, it closes its socket
    // under that thread (docs/event-core.md). What is ours is seen all the same: it is not in there.
    return "thread:libxenstore.so\nrace:libxenstore.so\n";
}

}  // extern "C"
