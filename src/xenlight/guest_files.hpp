// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "async/cancel.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "domain/definition.hpp"
#include "xenlight/file_looks.hpp"

/// The files of a guest, each looked at where it is: storage that does not answer says nothing of what is
/// elsewhere. All together are waited for no longer than one is. `looks` must outlive the task.
namespace virtlight::xenlight {

/// As hypervisor::missing_files(). One whose storage does not answer is among them, with that.
async::Task<std::vector<std::string>> look_for_missing_files(FileLooks& looks, domain::Definition definition);

/// As hypervisor::has_stale_firmware(). timed_out: its storage does not answer; cancelled.
async::Task<Result<bool>> look_for_stale_firmware(FileLooks& looks, domain::Definition definition,
                                                  async::CancelToken cancel);

/// As hypervisor::has_stale_emulator(), and as above.
async::Task<Result<bool>> look_for_stale_emulator(FileLooks& looks, domain::Definition definition,
                                                  async::CancelToken cancel);

/// Whether what serves its disks is there and, if it `boots`, what it is booted from. invalid_argument;
/// timed_out: the storage of one of them does not answer; cancelled.
async::Task<Result<>> check_guest_files(FileLooks& looks, domain::Definition definition, bool boots,
                                        async::CancelToken cancel);

}  // namespace virtlight::xenlight
