// SPDX-License-Identifier: LGPL-2.1-or-later
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <unistd.h>

#include "libxl/device_model.hpp"
#include "libxl/play.hpp"
#include "libxl/save_process.hpp"

namespace {

/// libxl keeps and finds files under paths that are compiled in. Each run of the tests has these to itself.
constexpr const char* private_folders[] = {"/var/lib", "/var/log", "/run", "/usr/libexec", "/usr/share"};
constexpr const char* mark = "VIRTLIGHT_TESTS_ARE_ALONE";

/// Begins anew in a mount namespace of its own. util-linux's program does it, as a process that a sanitizer
/// has given a second thread already cannot.
void begin_alone(char** arguments) {
    ::setenv(mark, "1", 1);
    std::vector<char*> command{const_cast<char*>("unshare"), const_cast<char*>("--mount")};
    if (::geteuid() != 0) command.push_back(const_cast<char*>("--map-root-user"));
    command.push_back(const_cast<char*>("--"));
    auto self = std::filesystem::read_symlink("/proc/self/exe").string();
    command.push_back(self.data());
    for (char** argument = arguments + 1; *argument; ++argument)
        command.push_back(*argument);
    command.push_back(nullptr);
    ::execvp(command.front(), command.data());
    std::perror("unshare");
    std::exit(EXIT_FAILURE);
}

void furnish() {
    namespace fs = std::filesystem;
    for (const char* const folder : private_folders) {
        if (::mount("none", folder, "tmpfs", 0, "mode=755") != 0) {
            std::perror(folder);
            std::exit(EXIT_FAILURE);
        }
        fs::create_directories(fs::path(folder) / "xen");
    }
    fs::create_symlink(fs::read_symlink("/proc/self/exe"), virtlight::fake::device_model_program);
    const fs::path bios = virtlight::fake::firmware;
    fs::create_directories(bios.parent_path());
    std::ofstream(bios) << "nothing runs this";
}

}  // namespace

int main(int count, char** arguments) {
    if (const auto status = virtlight::fake::serve_as_device_model(count, arguments)) return *status;
    if (const auto status = virtlight::fake::serve_as_save_process(count, arguments)) return *status;
    if (!std::getenv(mark)) begin_alone(arguments);
    ::unsetenv(mark);  // whoever is started from here begins alone, too
    furnish();
    ::signal(SIGPIPE, SIG_IGN);  // as the daemon does: libxenstore writes to a xenstored that may be gone
    ::setenv("LIBXL_SAVE_HELPER", "/run/save-helper", 1);
    if (const auto status = virtlight::fake::play_as_child(count, arguments)) return *status;
    ::testing::InitGoogleMock(&count, arguments);
    return RUN_ALL_TESTS();
}
