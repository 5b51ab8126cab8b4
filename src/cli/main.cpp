// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/address.hpp"
#include "cli/command_table.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "domain/text.hpp"

namespace {

using namespace virtlight;

constexpr int mistake = 2;

using Runs = std::map<const CLI::App*, cli::Command::Run>;

Runs add_commands(CLI::App& app) {
    Runs runs;
    for (const auto& command : cli::commands()) {
        auto* const added = app.add_subcommand(std::string(command.name), std::string(command.help));
        added->footer("Examples:\n" + std::string(command.examples));
        runs[added] = command.add(*added);
    }
    return runs;
}

/// In JSON it is UTF-8, also where it names a file that is not.
boost::json::object as_object(const Error& error) {
    boost::json::object object{{"error", domain::as_utf8(error.message)},
                               {"reason", to_string(error.reason)}};
    std::vector<std::string> details;
    for (const auto& line : error.details)
        details.push_back(domain::as_utf8(line));
    if (!details.empty()) object["details"] = boost::json::value_from(details);
    return object;
}

/// Returns the status to exit with.
int report(const Error& error, bool json, int status) {
    if (json) {
        std::fprintf(stderr, "%s\n", boost::json::serialize(as_object(error)).c_str());
    } else {
        const auto name = cli::painted("virtlight:", cli::Colour::red, stderr);
        std::fprintf(stderr, "%s %s\n", name.c_str(), error.message.c_str());
        for (const auto& line : error.details)
            std::fprintf(stderr, "%s\n", line.c_str());
    }
    return status;
}

/// The word in a command's place that is none. Of it CLI11 says only that a command is missing.
std::optional<std::string> no_command(const CLI::App& app, const CLI::ParseError& error) {
    const auto words = app.remaining();
    const bool missing = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError);
    if (!missing || words.empty() || !app.get_subcommands().empty()) return std::nullopt;
    return words.front();
}

/// Mistakes in the words, and what is no mistake but a wish for help.
int explain(const CLI::App& app, const CLI::ParseError& error, bool json) {
    if (const auto word = no_command(app, error)) {
        const auto* const helps = word->starts_with('-') ? "" : "; what virsh does is done with virsh";
        const auto why = fmt::format("'{}' is neither a command nor an option{}", *word, helps);
        return explain(app, CLI::ParseError(why, CLI::ExitCodes::ExtrasError), json);
    }
    if (error.get_exit_code() != 0 && json)
        return report({Reason::invalid_argument, error.what()}, json, mistake);
    std::ostringstream text;
    if (app.exit(error, text) != 0) return mistake;
    const auto printed = cli::print(text.str());
    return printed ? EXIT_SUCCESS : report(printed.error(), json, EXIT_FAILURE);
}

/// What is wrong from here on is no mistake in the words any more.
int run(const cli::Command::Run& command, const std::filesystem::path& socket, bool json) {
    const auto done = command({socket, json});
    if (!done) return report(done.error(), json, EXIT_FAILURE);
    const auto printed = cli::print(*done);
    return printed ? EXIT_SUCCESS : report(printed.error(), json, EXIT_FAILURE);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Talks to virtlightd, for what virsh cannot show.", "virtlight");
    std::string root;
    std::string uri;
    bool json = false;
    app.require_subcommand(1);
    app.fallthrough();
    const auto* const root_said =
        app.add_option("--root", root, "The daemon that runs with this --root")->type_name("DIR");
    const auto* const uri_said =
        app.add_option("--connect,-c", uri, "The daemon at this libvirt URI")->type_name("URI");
    app.add_flag("--json", json, "Print JSON, errors too");
    app.set_version_flag("--version", "virtlight " VIRTLIGHT_VERSION);
    app.footer(
        "Without --root and --connect: the URI in VIRTLIGHT_URI, or else the host's own daemon.\n"
        "Exit status: 0 done, 1 the daemon refused or did not answer, 2 a mistake in the words.\n"
        "virtlight COMMAND --help has the options of a command, and examples.\n\n"
        "Examples:\n"
        "  virtlight list\n"
        "  virtlight console web\n"
        "  virtlight logs web --since 15m --follow");
    const auto runs = add_commands(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // What was parsed before the mistake says nothing of what comes behind it.
        const bool wants_json = std::find(argv, argv + argc, std::string_view("--json")) != argv + argc;
        return explain(app, error, wants_json);
    }

    cli::Address address;
    if (root_said->count() > 0) address.root = root;
    if (uri_said->count() > 0) address.uri = uri;
    if (const char* set = std::getenv("VIRTLIGHT_URI")) address.environment = set;
    const auto socket = cli::socket_of(address);
    if (!socket) return report(socket.error(), json, mistake);
    return run(runs.at(app.get_subcommands().front()), *socket, json);
}
