// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>
#include <cstdlib>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/address.hpp"
#include "cli/commands.hpp"

namespace {

using namespace virtlight;

/// What the words ask for, done.
Result<std::string> run(const CLI::App& app, const cli::Address& address, bool json, double patience) {
    const auto socket = cli::socket_of(address);
    if (!socket) return std::unexpected(socket.error());
    if (app.got_subcommand("list")) return cli::list(*socket, json);
    if (app.got_subcommand("version")) return cli::version(*socket, json);
    return cli::wait_ready(*socket,
                           std::chrono::duration_cast<Duration>(std::chrono::duration<double>(patience)));
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Talks to virtlightd, for what virsh cannot show.", "virtlight");
    cli::Address address;
    bool json = false;
    double patience = 30;
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("--root", address.root, "The daemon over this root")->type_name("DIR");
    app.add_option("--connect,-c", address.uri, "The daemon at this libvirt URI")->type_name("URI");
    app.add_flag("--json", json, "Print JSON");
    app.set_version_flag("--version", "virtlight " VIRTLIGHT_VERSION);
    app.footer(
        "Without --root and --connect: the URI in VIRTLIGHT_URI, or else the host's own daemon.\n"
        "Exit status: 0 done, 1 the daemon refused or did not answer, 2 a mistake in the words.\n\n"
        "Examples:\n"
        "  virtlight list\n"
        "  virtlight --root /tmp/v --json list\n"
        "  virtlight wait-ready --for 60");
    app.add_subcommand("list", "All domains with their states");
    app.add_subcommand("version", "The versions of this command and of the host's Xen");
    app.add_subcommand("wait-ready", "Return when the daemon serves clients")
        ->add_option("--for", patience, "How long to wait at most (30)")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.0, 86'400.0));
    if (const char* uri = std::getenv("VIRTLIGHT_URI")) address.environment = uri;
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }

    const auto printed = run(app, address, json, patience);
    if (printed) {
        std::fputs(printed->c_str(), stdout);
        return EXIT_SUCCESS;
    }
    std::fprintf(stderr, "virtlight: %s\n", printed.error().message.c_str());
    return printed.error().reason == Reason::invalid_argument ? 2 : EXIT_FAILURE;
}
