// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace virtlight::fake {

/// The moment somebody closes this descriptor, its number is used again, for something that is always
/// readable. Once; -1: for none.
void reuse_when_closed(int fd);

/// Whether that has happened since.
bool was_reused();

}  // namespace virtlight::fake
