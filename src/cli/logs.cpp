// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/logs.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/line_cleaner.hpp"
#include "cli/console_client.hpp"
#include "cli/domains.hpp"
#include "cli/lines.hpp"
#include "cli/output.hpp"
#include "domain/text.hpp"
#include "libvirt/streams.hpp"

namespace virtlight::cli {
namespace {

using libvirt::ClientStream;

/// The console that is meant among those of which anything is kept: without a name the first one, as the
/// daemon has it.
std::optional<libvirt::ConsoleInfo> find_console(const std::vector<libvirt::ConsoleInfo>& all,
                                                 const libvirt::ReadHistoryArgs& args) {
    for (const auto& name :
         args.name ? std::vector{*args.name} : std::vector<std::string>{"serial0", "console0"})
        for (const auto& console : all)
            if (console.uuid == args.uuid && console.name == name) return console;
    return std::nullopt;
}

/// The boot with this number among those that are kept.
Result<libvirt::BootInfo> find_boot(const libvirt::ConsoleInfo& console, std::uint64_t number) {
    const auto boot = std::ranges::find(console.boots, number, &libvirt::BootInfo::number);
    if (boot != console.boots.end()) return *boot;
    const auto kept = console.boots.empty() ? "none"
                                            : fmt::format("{} to {}", console.boots.front().number,
                                                          console.boots.back().number);
    return fail(Reason::invalid_argument, "no boot {} of domain '{}' is kept (kept: {})", number,
                console.domain, kept);
}

/// JSON may have DEL and Unicode's further control characters as they are, which terminals obey.
std::string with_controls_escaped(std::string_view json) {
    std::string text;
    while (!json.empty()) {
        const auto before = json;
        const auto character = domain::take_char(json);
        if (character && domain::is_control(*character))
            text += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(*character));
        else
            text += before.substr(0, before.size() - json.size());
    }
    return text;
}

Result<> print_object(const boost::json::object& object) {
    return print(with_controls_escaped(boost::json::serialize(object)) + "\n");
}

/// What comes, as it stands, for reading, or as JSON: an object for each line, or for each piece of a long
/// one.
class Printer {
 public:
    explicit Printer(const LogOptions& options) : json_(options.json), cleaned_(options.cleaned) {}

    Result<> add(libvirt::View bytes) {
        const auto text = libvirt::as_text(bytes);
        if (!json_) return cleaned_ ? print_cleaned(text) : print(text);
        for (const auto& piece : lines_.add(text))
            if (auto printed = print_piece(piece); !printed) return printed;
        return {};
    }
    Result<> end() {
        const auto rest = lines_.rest();
        if (rest) return print_piece(*rest);
        return in_line_ ? print("\n") : Result<>();  // what comes next on the terminal is not the guest's
    }

 private:
    Result<> print_cleaned(std::string_view bytes) {
        std::string text;
        cleaner_.clean(bytes, text);
        if (!text.empty()) in_line_ = !text.ends_with('\n');
        return print(text);
    }
    static Result<> print_piece(const Lines::Piece& piece) {
        boost::json::object object{{"text", domain::as_utf8(piece.text)}};
        if (piece.continues) object["continues"] = true;
        return print_object(object);
    }

    bool json_;
    bool cleaned_;
    Lines lines_;
    LineCleaner cleaner_;
    bool in_line_ = false;  ///< what was cleaned last had no end of a line
};

Result<ClientStream> open(libvirt::Client client, const libvirt::ReadHistoryArgs& args, bool follow) {
    if (!follow) return ClientStream::open(std::move(client), libvirt::own::read_history, args);
    const libvirt::WatchConsoleArgs live{.uuid = args.uuid,
                                         .name = args.name,
                                         .from = args.from,
                                         .since_ms = args.since_ms,
                                         .marks = args.marks};
    return ClientStream::open(std::move(client), libvirt::own::watch_console, live);
}

/// What comes from the stream until its end.
Result<> print_all(ClientStream stream, const LogOptions& options) {
    Printer printer(options);
    for (;;) {
        const auto data = stream.receive();
        if (!data) return std::unexpected(data.error());
        if (auto printed = printer.add(*data); !printed) return printed;
        if (stream.ended()) return printer.end();
        if (!data->empty()) continue;
        if (const auto waited = wait_for_more(stream); !waited) return std::unexpected(waited.error());
    }
}

}  // namespace

Result<> logs(const std::filesystem::path& socket, const ConsoleChoice& which, const LogOptions& options) {
    auto client = libvirt::Client::connect(socket);
    if (!client) return std::unexpected(client.error());
    const auto uuid = find_domain(*client, which.domain);
    if (!uuid) return std::unexpected(uuid.error());
    libvirt::ReadHistoryArgs args{
        .uuid = *uuid, .name = which.console, .marks = options.marks && !options.json};
    if (options.since) args.since_ms = options.since->time_since_epoch().count();

    const bool by_console = options.json || options.boot;
    std::optional<libvirt::ConsoleInfo> console;
    if (by_console) {
        const auto all = list_consoles(*client);
        if (!all) return std::unexpected(all.error());
        console = find_console(*all, args);
    }
    if (console && options.boot) {
        const auto boot = find_boot(*console, *options.boot);
        if (!boot) return std::unexpected(boot.error());
        args.from = boot->from;
        args.to = boot->to;
    }
    auto stream = open(*std::move(client), args, options.follow);
    if (!stream) return std::unexpected(stream.error());  // why there is no such console, too
    if (by_console && !console)
        return fail(Reason::invalid_state, "domain '{}' has its first boot just now: ask again",
                    which.domain);
    if (options.json)
        if (auto printed = print_object(as_object(*console)); !printed) return printed;
    return print_all(*std::move(stream), options);
}

}  // namespace virtlight::cli
