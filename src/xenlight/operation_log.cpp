// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/operation_log.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <unistd.h>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "domain/text.hpp"

namespace virtlight::xenlight {
namespace {

/// Text in a buffer of fixed size: whatever does not fit is cut off. Does not allocate.
class Line {
 public:
    __attribute__((format(printf, 2, 3))) void add(const char* format, ...) {
        va_list arguments;
        va_start(arguments, format);
        add_list(format, arguments);
        va_end(arguments);
    }
    __attribute__((format(printf, 2, 0))) void add_list(const char* format, va_list arguments) {
        const auto room = text_.size() - size_;
        const int wanted = std::vsnprintf(text_.data() + size_, room, format, arguments);
        if (wanted > 0) size_ += std::min(static_cast<std::size_t>(wanted), room - 1);
    }
    /// Some messages of libxl's end theirs.
    void drop_line_end() {
        while (size_ > 0 && text_[size_ - 1] == '\n')
            --size_;
    }
    std::string_view text() const { return {text_.data(), size_}; }
    std::string_view text_with_newline() {
        text_[size_] = '\n';
        return {text_.data(), size_ + 1};
    }

 private:
    std::array<char, limits::log_line_bytes> text_{};
    std::size_t size_ = 0;
};

}  // namespace

OperationLog::OperationLog()
    : sink_{.base = {.vmessage = vmessage, .progress = nullptr, .destroy = nullptr}, .log = this},
      daemon_(::getpid()) {}

OperationLog::RecordId OperationLog::begin(std::optional<hypervisor::DomId> domid) {
    const auto id = ids_.next();
    records_.emplace(id, Record{.domid = domid, .lines = {}});
    return id;
}

std::vector<std::string> OperationLog::end(RecordId id) {
    auto record = records_.extract(id);
    return record.empty() ? std::vector<std::string>{} : std::move(record.mapped().lines);
}

void OperationLog::vmessage(xentoollog_logger* sink, xentoollog_level level, int errno_value,
                            const char* context, const char* format, va_list arguments) noexcept {
    // The sink begins with what libxl knows of it.
    auto& log = *reinterpret_cast<Sink*>(sink)->log;
    Line line;
    line.add("%s: %s: ", context ? context : "libxl", xtl_level_to_string(level));
    line.add_list(format, arguments);
    line.drop_line_end();
    if (const char* const why = ::strerrordesc_np(errno_value)) line.add(": %s", why);
    if (::getpid() != log.daemon_) {
        if (level < XTL_WARN) return;
        const auto text = line.text_with_newline();
        [[maybe_unused]] const auto n = ::write(STDERR_FILENO, text.data(), text.size());
        return;
    }
    // It may hold what a device model has said, which a guest may have taken over.
    const auto text = domain::shown(line.text(), limits::log_line_bytes);
    log::debug("{}", text);
    if (level >= XTL_WARN) log.keep(text);
}

void OperationLog::keep(std::string_view line) {
    const auto named = domain_named_in(line);
    for (auto& [id, record] : records_) {
        const bool of_another = named && record.domid && *named != *record.domid;
        if (!of_another && record.lines.size() < limits::log_lines) record.lines.emplace_back(line);
    }
}

std::optional<hypervisor::DomId> domain_named_in(std::string_view line) {
    constexpr std::string_view word = "Domain ";
    for (auto at = line.find(word); at != line.npos; at = line.find(word, at + 1)) {
        const auto rest = line.substr(at + word.size());
        hypervisor::DomId domid = 0;
        const auto [end, error] = std::from_chars(rest.begin(), rest.end(), domid);
        if (error == std::errc{} && end != rest.end() && *end == ':') return domid;
    }
    return std::nullopt;
}

}  // namespace virtlight::xenlight
