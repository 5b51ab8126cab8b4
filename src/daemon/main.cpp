// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#include "daemon/daemon.hpp"
#include "daemon/journal.hpp"

int main(int argc, char** argv) {
    using namespace virtlight;
    // The journal takes priorities instead of times.
    log::set_journal(daemon::goes_to_journal(STDERR_FILENO, std::getenv("JOURNAL_STREAM")));

    const auto read = daemon::read_settings(argc, argv);
    if (const auto* exit = std::get_if<daemon::Exit>(&read)) {
        std::fputs(exit->text.c_str(), exit->status == 0 ? stdout : stderr);
        return exit->status;
    }
    const auto& settings = std::get<daemon::Settings>(read);
    log::set_level(settings.log_level);

    const auto ran = daemon::run(settings);
    if (ran) return EXIT_SUCCESS;
    std::fprintf(stderr, "virtlightd: %s\n", ran.error().message.c_str());
    return EXIT_FAILURE;
}
