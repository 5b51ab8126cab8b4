// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/definition.hpp"
#include "domain/text.hpp"
#include "domain/xl_cfg_syntax.hpp"

/// What the options of xl's configuration files mean. Readers do not stop at a problem: they note it and go
/// on with a default, and the first one is what counts.
namespace virtlight::domain {

/// As xl reads numbers, those in quotes, too: 0x10, 020 and 16 are the same, and a sign may stand before.
/// Blanks around do not count. Empty: it is none, or is more than most_xl_number, below zero or above.
std::optional<std::int64_t> parse_xl_number(std::string_view text);
inline constexpr std::uint64_t most_xl_number = std::numeric_limits<std::int64_t>::max();

class XlReading {
 public:
    /// The settings must outlive the reading.
    explicit XlReading(const XlSettings& settings) : settings_(settings) {}

    const XlSettings& settings() const { return settings_; }
    void note(Reason reason, unsigned line, std::string_view sentence);
    void remark(unsigned line, std::string_view sentence);
    Result<> finish();
    std::vector<std::string> take_remarks() { return std::move(remarks_); }

 private:
    const XlSettings& settings_;
    std::optional<Error> problem_;
    std::vector<std::string> remarks_;
};

/// A value of a setting. Values of a wrong kind are noted, and are empty then.
class XlAt {
 public:
    XlAt(XlReading& reading, const XlSetting& setting)
        : XlAt(reading, reading.settings(), setting, setting.value) {}

    const std::string& key() const { return setting_->key; }
    bool is_list() const { return value_->kind == XlValue::Kind::list; }
    /// Numbers are text, too, as xl has it.
    const std::string& text() const;
    /// The path of a file in dom0: absolute, in one line; or empty.
    const std::string& path() const;
    /// Up to `max`, which is most_xl_number at most.
    std::uint64_t number(std::uint64_t max) const;
    std::int64_t number(std::int64_t least, std::int64_t most) const;
    /// Any number but 0 is yes, as with xl.
    bool boolean() const;
    /// The items of a list; any other value counts as a list of itself.
    std::vector<XlAt> items() const;
    /// Whether it is an empty value, or 0: then it says what holds without the option, too.
    bool says_nothing() const;
    /// Another setting, if it is there.
    std::optional<XlAt> sibling(std::string_view other) const;
    /// What another one says; if it is not there: `otherwise`, nothing, 0.
    bool is_on(std::string_view other, bool otherwise) const;
    std::string text_of(std::string_view other) const;
    std::uint64_t number_of(std::string_view other, std::uint64_t max) const;

    /// A text "KEY=VALUE,KEY=VALUE" taken apart. What has no value has an empty one.
    XlSettings parameters() const;
    /// One of those, whose siblings are the others.
    XlAt part(const XlSettings& parts, const XlSetting& one) const {
        return {*reading_, parts, one, one.value};
    }

    // These put the line before the sentence, and the first two the option unless the sentence names it.

    template <class... Args>
    void invalid(fmt::format_string<Args...> text, Args&&... args) const {
        note(Reason::invalid_argument, fmt::format(text, std::forward<Args>(args)...));
    }
    template <class... Args>
    void unsupported(fmt::format_string<Args...> text, Args&&... args) const {
        note(Reason::unsupported_config, fmt::format(text, std::forward<Args>(args)...));
    }
    /// Notes what is no problem, but is not as it is with xl.
    template <class... Args>
    void remark(fmt::format_string<Args...> text, Args&&... args) const {
        reading_->remark(value_->line, fmt::format(text, std::forward<Args>(args)...));
    }

 private:
    XlAt(XlReading& reading, const XlSettings& siblings, const XlSetting& setting, const XlValue& value)
        : reading_(&reading), siblings_(&siblings), setting_(&setting), value_(&value) {}

    void note(Reason reason, const std::string& sentence) const;

    XlReading* reading_;
    const XlSettings* siblings_;
    const XlSetting* setting_;
    const XlValue* value_;
};

/// The settings of a file that is being written.
class XlWriter {
 public:
    void text(std::string_view key, std::string_view text);
    /// Unless it is empty.
    void text_if_any(std::string_view key, std::string_view text);
    void number(std::string_view key, std::uint64_t number);
    /// Unless there are none.
    void texts(std::string_view key, const std::vector<std::string>& texts);
    void value(std::string_view key, XlValue value);

    XlSettings take() && { return std::move(settings_); }

 private:
    XlSettings settings_;
};

/// One option of xl's: a row of docs/xl-cfg.md.
struct XlOption {
    std::string_view key;
    std::string_view meaning;  ///< what it is in domain XML; or, where it is not read, why
    void (*read)(const XlAt& at, Definition& definition) = nullptr;
    void (*write)(const Definition& definition, XlWriter& writer) = nullptr;
    std::string_view old_form_of{};  ///< it is read, and written as this
    std::string_view holds{};        ///< where it is not read: what it may say, as that is so anyway
    bool ignored = false;            ///< where it is not read: it may say anything, which xl ignores, too
    bool setting = false;            ///< a definition has it as a setting of this name
};

using XlOptions = std::span<const XlOption>;

extern const XlOptions xl_general_options;  ///< read first: they tell the guest's type
extern const XlOptions xl_numa_options;     ///< they may tell how many vCPUs there are
extern const XlOptions xl_cpu_options;
extern const XlOptions xl_boot_options;
extern const XlOptions xl_platform_options;
extern const XlOptions xl_machine_options;
extern const XlOptions xl_setting_options;
extern const XlOptions xl_old_setting_options;
extern const XlOptions xl_device_options;
extern const XlOptions xl_host_device_options;
extern const XlOptions xl_share_options;  ///< read after other consoles
extern const XlOptions xl_screen_options;
extern const XlOptions xl_spice_options;
extern const XlOptions xl_adapter_options;  ///< read after how the screen is shown
extern const XlOptions xl_absent_options;   ///< those that have no place in a definition

}  // namespace virtlight::domain
