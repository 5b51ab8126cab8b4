// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/address.hpp"
#include "cli/commands.hpp"
#include "cli/consoles.hpp"

namespace {

using namespace virtlight;

/// The words, as far as they are not the name of a command.
struct Words {
    cli::Address address;
    bool json = false;
    double patience = 30;
    cli::ConsoleChoice which;
    bool view = false;
    bool write = false;
    bool force = false;
    cli::LogOptions logs;
    std::optional<std::string> since;
    std::string file;
};

cli::ConsoleAccess access(const Words& words) {
    if (words.force) return cli::ConsoleAccess::force;
    if (words.write) return cli::ConsoleAccess::write;
    return words.view ? cli::ConsoleAccess::view : cli::ConsoleAccess::write_if_free;
}

/// For commands that have written what there is to write.
Result<std::string> nothing_more(const Result<>& done) {
    if (!done) return std::unexpected(done.error());
    return std::string();
}

Result<std::string> show_logs(const std::filesystem::path& socket, Words words) {
    if (words.since) {
        const auto ago = cli::parse_ago(*words.since);
        if (!ago) return std::unexpected(ago.error());
        words.logs.since = *ago;
    }
    return nothing_more(cli::logs(socket, words.which, words.logs));
}

/// What the words ask for, done.
Result<std::string> run(const CLI::App& app, const Words& words) {
    const auto socket = cli::socket_of(words.address);
    if (!socket) return std::unexpected(socket.error());
    if (app.got_subcommand("list")) return cli::list(*socket, words.json);
    if (app.got_subcommand("version")) return cli::version(*socket, words.json);
    if (app.got_subcommand("import")) return cli::import_config(*socket, words.file);
    if (app.got_subcommand("consoles")) return cli::consoles(*socket, words.json);
    if (app.got_subcommand("console")) return nothing_more(cli::console(*socket, words.which, access(words)));
    if (app.got_subcommand("logs")) return show_logs(*socket, words);
    if (app.got_subcommand("release"))
        return nothing_more(cli::release_consoles(*socket, words.which.domain));
    if (app.got_subcommand("retake")) return nothing_more(cli::retake_consoles(*socket, words.which.domain));
    return cli::wait_ready(
        *socket, std::chrono::duration_cast<Duration>(std::chrono::duration<double>(words.patience)));
}

void add_console_commands(CLI::App& app, Words& words) {
    app.add_subcommand("consoles", "The consoles of guests, who watches and who writes");
    const auto domain = [&words](CLI::App* command) {
        command->add_option("DOMAIN", words.which.domain, "Its name or uuid")->required();
    };
    const auto choice = [&words, &domain](CLI::App* command) {
        domain(command);
        command->add_option("CONSOLE", words.which.console, "console0, serial0 ...; else the first");
    };
    auto* const console =
        app.add_subcommand("console", "Watch a guest's console and type into it; Ctrl-] leaves");
    choice(console);
    auto* const view = console->add_flag("--view", words.view, "Only watch");
    auto* const write =
        console->add_flag("--write", words.write, "Fail if another one writes (without: watch then)");
    console->add_flag("--force", words.force, "Take the writing over")->excludes(view)->excludes(write);
    view->excludes(write);
    auto* const logs = app.add_subcommand("logs", "What a guest has written, as far as it is kept");
    choice(logs);
    auto* const boot = logs->add_option("--boot", words.logs.boot, "Of this boot only")->type_name("NUMBER");
    logs->add_option("--since", words.since, "What came in this time: 90s, 15m, 2h, 3d")->type_name("TIME");
    logs->add_flag("--follow,-f", words.logs.follow, "Go on with what comes")->excludes(boot);
    domain(app.add_subcommand("release", "Free a running guest's consoles for xl console"));
    domain(app.add_subcommand("retake", "Read a guest's consoles again that were released"));
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Talks to virtlightd, for what virsh cannot show.", "virtlight");
    Words words;
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("--root", words.address.root, "The daemon over this root")->type_name("DIR");
    app.add_option("--connect,-c", words.address.uri, "The daemon at this libvirt URI")->type_name("URI");
    app.add_flag("--json", words.json, "Print JSON");
    app.set_version_flag("--version", "virtlight " VIRTLIGHT_VERSION);
    app.footer(
        "Without --root and --connect: the URI in VIRTLIGHT_URI, or else the host's own daemon.\n"
        "Exit status: 0 done, 1 the daemon refused or did not answer, 2 a mistake in the words.\n\n"
        "Examples:\n"
        "  virtlight list\n"
        "  virtlight --root /tmp/v --json list\n"
        "  virtlight console web\n"
        "  virtlight logs web --since 15m --follow\n"
        "  virtlight wait-ready --for 60");
    add_console_commands(app, words);
    app.add_subcommand("import", "Define a domain from a configuration file of xl's")
        ->add_option("FILE", words.file, "As xl create takes it: /etc/xen/web.cfg")
        ->required();
    app.add_subcommand("list", "All domains with their states");
    app.add_subcommand("version", "The versions of this command and of the host's Xen");
    app.add_subcommand("wait-ready", "Return when the daemon serves clients")
        ->add_option("--for", words.patience, "How long to wait at most (30)")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.0, 86'400.0));
    if (const char* uri = std::getenv("VIRTLIGHT_URI")) words.address.environment = uri;
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }

    const auto printed = run(app, words);
    if (printed) {
        std::fputs(printed->c_str(), stdout);
        return EXIT_SUCCESS;
    }
    std::fprintf(stderr, "virtlight: %s\n", printed.error().message.c_str());
    return printed.error().reason == Reason::invalid_argument ? 2 : EXIT_FAILURE;
}
