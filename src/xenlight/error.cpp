// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/error.hpp"

#include <algorithm>
#include <optional>
#include <regex>

#include "xenlight/libxl.hpp"

namespace virtlight::xenlight {
namespace {

struct Meaning {
    Reason reason;
    std::string_view sentence;
};

std::optional<Meaning> meaning_of(int rc) {
    switch (rc) {
        case ERROR_DOMAIN_NOTFOUND:
        case ERROR_DOMAIN_DESTROYED: return Meaning{Reason::no_domain, "Xen has no such domain"};
        case ERROR_ABORTED: return Meaning{Reason::cancelled, "it was cancelled"};
        case ERROR_TIMEDOUT:
        case ERROR_GUEST_TIMEDOUT: return Meaning{Reason::timed_out, "no answer within libxl's time"};
        case ERROR_NOPARAVIRT:
            return Meaning{Reason::unsupported_operation, "the guest has no Xen drivers that listen"};
        case ERROR_DEVICE_EXISTS: return Meaning{Reason::invalid_argument, "another one is there"};
        case ERROR_NI: return Meaning{Reason::unsupported_operation, "libxl does not do this"};
        case ERROR_FEATURE_REMOVED:
            return Meaning{Reason::unsupported_config, "this Xen no longer has the feature"};
        case ERROR_NOMEM: return Meaning{Reason::operation_failed, "not enough memory"};
        case ERROR_LOCK_FAIL: return Meaning{Reason::operation_failed, "libxl's lock cannot be taken"};
        case ERROR_OSEVENT_REG_FAIL:
            return Meaning{Reason::operation_failed, "a descriptor cannot be waited for"};
        default: return std::nullopt;
    }
}

/// What a line of libxl's says, without the place in libxl's source and what the sentence says already.
std::string plain(const std::string& line) {
    static const std::regex before(R"(^\w+: \w+: (\w+\.c:\d+:\w+: )?(Domain \d+:)?)");
    return std::regex_replace(line, before, "");
}

/// The first error is the reason of those that follow; a warning may come before it.
std::string first_reason(const std::vector<std::string>& lines) {
    const auto is_error = [](const std::string& line) { return line.contains(": error: "); };
    const auto error = std::ranges::find_if(lines, is_error);
    return plain(error == lines.end() ? lines.front() : *error);
}

}  // namespace

Error error_of(Ended ended, std::string_view what) {
    const auto meaning = meaning_of(ended.rc);
    const auto why = meaning                ? std::string(meaning->sentence)
                     : !ended.lines.empty() ? first_reason(ended.lines)
                                            : fmt::format("libxl failed with error {}", ended.rc);
    return {.reason = meaning ? meaning->reason : Reason::operation_failed,
            .message = fmt::format("cannot {}: {}", what, why),
            .details = std::move(ended.lines)};
}

Error in_context(std::string_view what, Error why) {
    why.message = fmt::format("cannot {}: {}", what, why.message);
    return why;
}

}  // namespace virtlight::xenlight
