// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace virtlight::fake {

/// The program that libxl starts for it. Named by LIBXL_SAVE_HELPER; main() sets it.
inline const std::filesystem::path save_helper_program = "/run/save-helper";

/// What libxl starts to read and write the memory of a guest: a shell script of the test's. Its standard
/// output is libxl's pipe for messages.
///
///   say WORD     tells the test (told())
///   await WORD   waits until the test says so (go())
class SaveHelper {
 public:
    /// The next helpers do this.
    explicit SaveHelper(std::string_view script);
    SaveHelper(const SaveHelper&) = delete;
    SaveHelper& operator=(const SaveHelper&) = delete;
    ~SaveHelper();

    bool told(const std::string& word) const;
    static void go(const std::string& word);
    /// The process's id, once it has been started.
    static int pid();
    /// It has ended and nobody has looked yet.
    static bool is_zombie();
};

}  // namespace virtlight::fake
