// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

/// The descriptors that a forked child of the daemon must not hold.
///
/// Close-on-exec does not reach the children that libxl forks and that never exec: for seconds each holds a
/// copy of all that was open, and what is closed meanwhile, or what a killed daemon leaves, stays open for
/// those at the other end. A client would wait for an answer, a save helper for a reader, xl console for its
/// lock.
namespace virtlight::private_descriptors {

/// Notes a descriptor; one from limits::private_descriptors on is not. Any thread.
void add(int fd) noexcept;
/// To be called before it is closed: its number may be another's right after. Any thread.
void remove(int fd) noexcept;
/// In a child, after fork(): closes those that are noted. Async-signal-safe.
void close_all() noexcept;

}  // namespace virtlight::private_descriptors
