// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/error.hpp"

#include <optional>

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

}  // namespace

Error error_of(Ended ended, std::string_view what) {
    const auto meaning = meaning_of(ended.rc);
    const auto why = meaning                ? std::string(meaning->sentence)
                     : !ended.lines.empty() ? ended.lines.front()
                                            : fmt::format("libxl failed with error {}", ended.rc);
    return {.reason = meaning ? meaning->reason : Reason::operation_failed,
            .message = fmt::format("cannot {}: {}", what, why),
            .details = std::move(ended.lines)};
}

}  // namespace virtlight::xenlight
