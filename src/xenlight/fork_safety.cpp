// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/fork_safety.hpp"

#include <dlfcn.h>

extern "C" {
#include <xencall.h>

struct Xentoolcore__Active_Handle;
void xentoolcore__register_active_handle(Xentoolcore__Active_Handle* handle);
void xentoolcore__deregister_active_handle(Xentoolcore__Active_Handle* handle);
}

namespace virtlight::xenlight::fork_safety {
namespace {

std::mutex handles;

/// The function of the library, which comes after this program's.
template <class Function>
Function* of_library(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

// Looked up before there are threads: a child that is forked could not.
const auto library_open = of_library<decltype(xencall_open)>("xencall_open");
const auto library_register =
    of_library<decltype(xentoolcore__register_active_handle)>("xentoolcore__register_active_handle");
const auto library_deregister =
    of_library<decltype(xentoolcore__deregister_active_handle)>("xentoolcore__deregister_active_handle");

template <class Function>
bool comes_here(const char* name, Function* function) {
    return ::dlsym(RTLD_DEFAULT, name) == reinterpret_cast<void*>(function);
}

}  // namespace

std::unique_lock<std::mutex> hold_handles() {
    return std::unique_lock(handles);
}

bool is_in_force() {
    return comes_here("xencall_open", xencall_open) &&
           comes_here("xentoolcore__register_active_handle", xentoolcore__register_active_handle) &&
           comes_here("xentoolcore__deregister_active_handle", xentoolcore__deregister_active_handle);
}

}  // namespace virtlight::xenlight::fork_safety

namespace fork_safety = virtlight::xenlight::fork_safety;

extern "C" {

xencall_handle* xencall_open(xentoollog_logger* logger, unsigned flags) {
    return fork_safety::library_open(logger, flags | XENCALL_OPENFLAG_NON_REENTRANT);
}

void xentoolcore__register_active_handle(Xentoolcore__Active_Handle* handle) {
    const auto held = fork_safety::hold_handles();
    fork_safety::library_register(handle);
}

void xentoolcore__deregister_active_handle(Xentoolcore__Active_Handle* handle) {
    const auto held = fork_safety::hold_handles();
    fork_safety::library_deregister(handle);
}

}  // extern "C"
