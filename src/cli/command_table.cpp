// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/command_table.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/wall_time.hpp"
#include "cli/console.hpp"
#include "cli/consoles.hpp"
#include "cli/import.hpp"
#include "cli/jobs.hpp"
#include "cli/list.hpp"
#include "cli/logs.hpp"
#include "cli/since.hpp"
#include "cli/terminal.hpp"
#include "cli/version.hpp"
#include "cli/waits.hpp"
#include "domain/text.hpp"

namespace virtlight::cli {
namespace {

/// The domain that a command is to tell of; empty without a word: of all.
std::shared_ptr<std::optional<std::string>> add_one_domain(CLI::App& command) {
    const auto domain = std::make_shared<std::optional<std::string>>();
    command.add_option("DOMAIN", *domain, "Only this one: its name, uuid or domid");
    return domain;
}

Command::Run add_list(CLI::App& command) {
    const auto domain = add_one_domain(command);
    return [domain](const Call& call) { return list(call.socket, *domain, call.json); };
}

Command::Run add_jobs(CLI::App& command) {
    const auto domain = add_one_domain(command);
    return [domain](const Call& call) { return jobs(call.socket, *domain, call.json); };
}

Command::Run add_version(CLI::App&) {
    return [](const Call& call) { return version(call.socket, call.json); };
}

/// For commands that have written what there is to write.
Result<std::string> nothing_more(const Result<>& done) {
    if (!done) return std::unexpected(done.error());
    return std::string();
}

struct ImportWords {
    std::vector<std::string> files;
    bool dry_run = false;
};

Command::Run add_import(CLI::App& command) {
    const auto words = std::make_shared<ImportWords>();
    command.add_option("FILE", words->files, "As xl create takes it; several, too")->required();
    command.add_flag("--dry-run,-n", words->dry_run, "Only tell what would be defined, or is refused");
    return [words](const Call& call) {
        return nothing_more(
            import_configs(call.socket, words->files, {.dry_run = words->dry_run, .json = call.json}));
    };
}

/// What is wrong with the seconds that a command is to wait; empty: nothing. CLI11 finds "nan" in any range.
std::string not_a_wait(const std::string& text) {
    constexpr double most = 86'400;
    double seconds = 0;
    const auto* const text_end = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), text_end, seconds);
    if (error == std::errc() && end == text_end && seconds >= 0 && seconds <= most) return {};
    return fmt::format("'{}' is no number of seconds from 0 to {}", text, most);
}

/// How many seconds a command waits; `usual` without a word.
std::shared_ptr<double> add_patience(CLI::App& command, double usual) {
    const auto patience = std::make_shared<double>(usual);
    command.add_option("--for", *patience, fmt::format("How long to wait at most ({})", usual))
        ->type_name("SECONDS")
        ->check(not_a_wait);
    return patience;
}

Duration in_seconds(double patience) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(patience));
}

Command::Run add_wait_ready(CLI::App& command) {
    const auto patience = add_patience(command, 30);
    return [patience](const Call& call) { return wait_ready(call.socket, in_seconds(*patience), call.json); };
}

void add_domain(CLI::App& command, std::string& domain) {
    command.add_option("DOMAIN", domain, "Its name, uuid or domid")->required();
}

Command::Run add_wait_off(CLI::App& command) {
    const auto domain = std::make_shared<std::string>();
    add_domain(command, *domain);
    const auto patience = add_patience(command, 300);
    return [domain, patience](const Call& call) {
        return wait_off(call.socket, *domain, in_seconds(*patience), call.json);
    };
}

// Consoles

void add_choice(CLI::App& command, ConsoleChoice& which) {
    add_domain(command, which.domain);
    command.add_option("CONSOLE", which.console, "console0, serial0 ...; else the first");
}

Command::Run add_consoles(CLI::App& command) {
    const auto domain = add_one_domain(command);
    return [domain](const Call& call) { return consoles(call.socket, *domain, call.json); };
}

Command::Run add_release(CLI::App& command) {
    const auto domain = std::make_shared<std::string>();
    add_domain(command, *domain);
    return [domain](const Call& call) { return release_consoles(call.socket, *domain, call.json); };
}

Command::Run add_retake(CLI::App& command) {
    const auto domain = std::make_shared<std::string>();
    add_domain(command, *domain);
    return [domain](const Call& call) { return retake_consoles(call.socket, *domain, call.json); };
}

bool answers_in_json(const CLI::App& command) {
    return command.get_parent()->get_option("--json")->count() > 0;
}

struct ConsoleWords {
    ConsoleChoice which;
    bool view = false;
    bool write = false;
    bool force = false;

    ConsoleAccess access() const {
        if (force) return ConsoleAccess::force;
        if (write) return ConsoleAccess::write;
        return view ? ConsoleAccess::view : ConsoleAccess::write_if_free;
    }
};

Command::Run add_console(CLI::App& command) {
    const auto words = std::make_shared<ConsoleWords>();
    add_choice(command, words->which);
    auto* const view = command.add_flag("--view", words->view, "Only watch");
    auto* const write =
        command.add_flag("--write", words->write, "Fail if another one writes (without: watch then)");
    command.add_flag("--force", words->force, "Take the writing over")->excludes(view)->excludes(write);
    view->excludes(write);
    command.callback([&command] {
        if (answers_in_json(command))
            throw CLI::ValidationError("console",
                                       "it connects a terminal and has no JSON; logs --json --follow has");
    });
    return [words](const Call& call) {
        return nothing_more(console(call.socket, words->which, words->access()));
    };
}

struct LogWords {
    ConsoleChoice which;
    LogOptions options;
    bool marks = false;
    bool no_marks = false;
};

Result<std::string> show_logs(const Call& call, const LogWords& words) {
    auto options = words.options;
    options.json = call.json;
    options.cleaned = is_terminal(stdout);
    options.marks = words.marks || (!words.no_marks && options.cleaned);
    return nothing_more(logs(call.socket, words.which, options));
}

/// What is wrong with the number of a boot; empty: nothing. CLI11 reads -1 as a number without a sign.
std::string not_a_boot(const std::string& text) {
    if (domain::whole_number<std::uint64_t>(text).value_or(0) > 0) return {};
    return fmt::format("'{}' is no boot: they have numbers from 1 on", text);
}

Command::Run add_logs(CLI::App& command) {
    const auto words = std::make_shared<LogWords>();
    add_choice(command, words->which);
    auto* const boot = command.add_option("--boot", words->options.boot, "Of this boot only")
                           ->type_name("NUMBER")
                           ->check(not_a_boot);
    const auto set_since = [words](const std::string& text) {
        const auto since = parse_since(text, wall_now());
        if (!since) throw CLI::ValidationError("--since", since.error().message);
        words->options.since = *since;
    };
    command
        .add_option_function<std::string>(
            "--since", set_since,
            "What came in this time (90s, 15m, 2h, 3d), or since then (10:15, 2026-11-22T10:15Z)")
        ->type_name("TIME");
    command.add_flag("--follow,-f", words->options.follow, "Go on with what comes")->excludes(boot);
    auto* const marks = command.add_flag("--marks", words->marks,
                                         "With lines for boots, reboots, saves ... (on a terminal they are)");
    command.add_flag("--no-marks", words->no_marks, "Only what the guest has written")->excludes(marks);
    command.callback([&command, marks] {
        if (answers_in_json(command) && marks->count() > 0)
            throw CLI::ValidationError("--marks",
                                       "with --json they are in its first line, as in consoles --json");
    });
    return [words](const Call& call) { return show_logs(call, *words); };
}

constexpr Command all_commands[] = {
    {"console", "Watch a guest's console and type into it; Ctrl-] leaves",
     "  virtlight console web\n"
     "  virtlight console web serial1 --view\n"
     "  virtlight console web --force\n"
     "  virtlight console web --write <commands.txt",
     add_console},
    {"consoles", "The consoles of guests, who watches and who writes",
     "  virtlight consoles web\n"
     "  virtlight consoles --json | jq '.[].marks'",
     add_consoles},
    {"import", "Define domains from configuration files of xl's",
     "  virtlight import /etc/xen/web.cfg\n"
     "  virtlight import --dry-run /etc/xen/*.cfg\n"
     "  virtlight import web.cfg --json | jq -r .uuid",
     add_import},
    {"jobs", "What is being done to the domains, by whom, and what it waits for",
     "  virtlight jobs\n"
     "  virtlight jobs --json | jq '.[] | select(.phase == \"asking the guest\")'",
     add_jobs},
    {"list", "The domains: their states, memory, vCPUs and processor time",
     "  virtlight list\n"
     "  virtlight list web\n"
     "  virtlight --root /tmp/v list --json",
     add_list},
    {"logs", "What a guest has written, as far as it is kept",
     "  virtlight logs web\n"
     "  virtlight logs web --boot 3 --marks\n"
     "  virtlight logs web serial1 --since 15m --follow\n"
     "  virtlight logs web --since 2026-11-22T10:15:02Z --json | jq -r '.text // empty'",
     add_logs},
    {"release", "Free a running guest's consoles for xl console",
     "  virtlight release web && xl console web; virtlight retake web", add_release},
    {"retake", "Read a guest's consoles again that were released", "  virtlight retake web", add_retake},
    {"version", "The versions of this command, of the daemon and of the host's Xen",
     "  virtlight version\n"
     "  virtlight version --json | jq -r .xen",
     add_version},
    {"wait-off", "Return when a domain is shut off",
     "  virsh shutdown web && virtlight wait-off web\n"
     "  virtlight wait-off web --for 60 || virsh destroy web",
     add_wait_off},
    {"wait-ready", "Return when the daemon serves clients",
     "  virtlight wait-ready --for 60 && virtlight list", add_wait_ready},
};

}  // namespace

std::span<const Command> commands() {
    return all_commands;
}

}  // namespace virtlight::cli
