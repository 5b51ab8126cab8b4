// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_document.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include "base/limits.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {
namespace {

/// Takes what libxml2 says on this thread, in place of standard error, for as long as it lives.
class ErrorCollector {
 public:
    ErrorCollector() : handler_before_(xmlStructuredError), context_before_(xmlStructuredErrorContext) {
        // The type of the second parameter depends on libxml2's version.
        xmlSetStructuredErrorFunc(this, [](void* self, auto* error) {
            if (error->level <= XML_ERR_WARNING) return;
            static_cast<ErrorCollector*>(self)->add(error->line, error->message);
        });
    }
    ~ErrorCollector() { xmlSetStructuredErrorFunc(context_before_, handler_before_); }
    ErrorCollector(const ErrorCollector&) = delete;
    ErrorCollector& operator=(const ErrorCollector&) = delete;

    bool empty() const { return lines_.empty(); }
    Error error() && {
        if (lines_.empty()) return {Reason::invalid_xml, "the document cannot be read"};
        auto first = std::move(lines_.front());
        lines_.erase(lines_.begin());
        return {Reason::invalid_xml, std::move(first), std::move(lines_)};
    }

 private:
    void add(int line, const char* message) {
        if (lines_.size() == limits::xml_errors) return;
        lines_.push_back(
            fmt::format("line {}: {}", line, shown(trimmed(message != nullptr ? message : ""), 200)));
    }

    xmlStructuredErrorFunc handler_before_;
    void* context_before_;
    std::vector<std::string> lines_;
};

template <class... Args>
std::unexpected<Error> refuse_at(std::string_view xml, std::size_t position, fmt::format_string<Args...> text,
                                 Args&&... args) {
    const auto line = 1 + std::ranges::count(xml.substr(0, position), '\n');
    return fail(Reason::invalid_xml, "line {}: {}", line, fmt::format(text, std::forward<Args>(args)...));
}

Result<> check_characters(std::string_view xml) {
    for (auto rest = xml; !rest.empty();) {
        const auto position = xml.size() - rest.size();
        const auto character = take_char(rest);
        if (!character) return refuse_at(xml, position, "the document is not UTF-8");
        if (!is_xml_char(*character)) {
            return refuse_at(xml, position, "XML does not allow the character U+{:04X}",
                             static_cast<unsigned>(*character));
        }
    }
    return {};
}

/// Holds a document to the limits with a look at its tags alone. libxml2 reads on behind an error, but it
/// goes past a '<' only in comments, CDATA sections and instructions; those that hold one are skipped
/// likewise or refused, so both see the same tags in a malformed document too.
class LimitCheck {
 public:
    explicit LimitCheck(std::string_view xml) : xml_(xml) {}

    Result<> run() {
        while ((at_ = xml_.find('<', at_)) != xml_.npos) {
            auto next = xml_.find('<', at_ + 1);
            const auto tag = xml_.substr(at_, next - at_);
            if (tag.starts_with("<!--")) {
                next = xml_.find("-->", at_ + 4);
            } else if (tag.starts_with("<![CDATA[")) {
                next = xml_.find("]]>", at_ + 9);
            } else if (tag.starts_with("<!")) {
                return refuse_at(xml_, at_, "a document type (DTD) is not allowed, nor are its entities");
            } else if (tag.starts_with("<?") && !tag.contains("?>")) {
                return refuse_at(xml_, at_, "an instruction ('<?') must end with '?>' and cannot hold '<'");
            } else if (tag.starts_with("</")) {
                --depth_;
            } else if (auto good = count_start_tag(tag); !good) {
                return good;
            }
            if (++nodes_ > limits::xml_nodes) {
                return refuse_at(xml_, at_, "the document has more than {} tags and attributes",
                                 limits::xml_nodes);
            }
            at_ = next;
        }
        return {};
    }

 private:
    Result<> count_start_tag(std::string_view tag) {
        std::size_t attributes = 0;
        auto at = tag.find_first_of("\"'>");
        while (at != tag.npos && tag[at] != '>') {
            ++attributes;
            const auto value_end = tag.find(tag[at], at + 1);
            at = value_end == tag.npos ? tag.npos : tag.find_first_of("\"'>", value_end + 1);
        }
        if (attributes > limits::xml_attributes) {
            return refuse_at(xml_, at_, "an element has {} attributes; the limit is {}", attributes,
                             limits::xml_attributes);
        }
        nodes_ += attributes;
        if (depth_ == limits::xml_depth) {
            return refuse_at(xml_, at_, "elements are nested more than {} deep", limits::xml_depth);
        }
        const bool empty = at != tag.npos && tag[at - 1] == '/';
        if (!empty) ++depth_;
        return count_namespaces(tag.substr(0, at));
    }

    Result<> count_namespaces(std::string_view tag) {
        for (auto at = tag.find("xmlns"); at != tag.npos; at = tag.find("xmlns", at + 1))
            ++namespaces_;
        if (namespaces_ <= limits::xml_namespaces) return {};
        return refuse_at(xml_, at_, "the document declares more than {} namespaces", limits::xml_namespaces);
    }

    std::string_view xml_;
    std::size_t at_ = 0;
    std::size_t nodes_ = 0;
    std::size_t namespaces_ = 0;
    int depth_ = 0;
};

}  // namespace

Result<XmlDocument> load_document(std::string_view xml) {
    if (xml.size() > limits::xml_bytes) {
        return fail(Reason::invalid_xml, "the document has {} bytes; the limit is {}", xml.size(),
                    limits::xml_bytes);
    }
    if (trimmed(xml).empty()) return fail(Reason::invalid_xml, "the document is empty");
    if (auto good = check_characters(xml); !good) return std::unexpected(std::move(good.error()));
    if (auto good = LimitCheck(xml).run(); !good) return std::unexpected(std::move(good.error()));

    [[maybe_unused]] static const bool initialised = (xmlInitParser(), true);
    ErrorCollector errors;
    constexpr int options = XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_BIG_LINES;
    XmlDocument document(xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, nullptr, options));
    // A prefix that is not declared leaves a document behind, and an error.
    if (!document || !errors.empty()) return std::unexpected(std::move(errors).error());
    return document;
}

}  // namespace virtlight::domain
