// SPDX-License-Identifier: LGPL-2.1-or-later
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "domain/disk.hpp"
#include "domain/name.hpp"
#include "domain/xl_cfg_options.hpp"
#include "domain/xl_cfg_specs.hpp"
#include "domain/xml_values.hpp"

// The disks of a guest: xl-disk-configuration(5).

namespace virtlight::domain {
namespace {

using Backend = Disk::Backend;
using Format = Disk::Format;
using Source = Disk::Source;

constexpr Word<Format> xl_disk_formats[] = {{"raw", Format::raw},     {"qcow", Format::qcow},
                                            {"qcow2", Format::qcow2}, {"vhd", Format::vhd},
                                            {"qed", Format::qed},     {"", Format::raw}};
constexpr Word<Backend> backends[] = {{"phy", Backend::phy}, {"qdisk", Backend::qemu}};
constexpr Word<Disk::Device> xl_disk_devices[] = {{"cdrom", Disk::Device::cdrom},
                                                  {"disk", Disk::Device::disk}};
constexpr Word<bool> xl_disk_accesses[] = {
    {"ro", true}, {"r", true}, {"rw", false}, {"w", false}, {"", false}};

/// Of files of xend's, to tell whoever checks that nobody else writes to look away. xl has no word for it.
constexpr std::string_view shared_accesses[] = {"w!", "!"};

/// What comes before the name of what a server has, "rbd:POOL/IMAGE".
constexpr std::string_view protocols[] = {"rbd",  "nbd",   "iscsi", "sheepdog", "gluster", "nfs",   "ssh",
                                          "http", "https", "ftp",   "ftps",     "json",    "driver"};

/// What stood before the name of what a script of Xen's makes a block device of: "drbd:RESOURCE" is
/// script=block-drbd.
constexpr std::string_view script_prefixes[] = {"iscsi", "nbd", "enbd", "drbd"};
constexpr std::string_view no_scripts =
    "domain XML has no place for a script of a disk; run it first, and name the block device that it makes";

/// Words that stand alone and ask for what no definition can, and why.
constexpr std::pair<std::string_view, std::string_view> unserved_flags[] = {
    {"untrusted", "domain XML has no word for a backend that its guest is not to trust"},
    {"colo", "guests are not replicated"}};

/// What was once written before a path, "tap:qcow2:/path", and says nothing more.
constexpr std::string_view empty_prefixes[] = {"tapdisk", "tap", "tap2", "aio", "ioemu", "file", "phy"};

/// By its name, or by the number of the device, as files of NetBSD's have it.
Result<DiskName> disk_of_vdev(std::string_view vdev) {
    const auto number = parse_xl_number(vdev);
    if (!number) return parse_disk_name(vdev);
    const auto most = std::numeric_limits<std::uint32_t>::max();
    const bool may_be = *number >= 0 && *number <= most;
    const auto name = may_be ? disk_of_number(static_cast<std::uint32_t>(*number)) : std::nullopt;
    if (name && device_number(*name) == *number) return *name;
    return fail(
        Reason::invalid_argument,
        "'{}' is the number of no disk that has a name: call the first one xvda, the next one xvdb ...",
        shown(vdev));
}

/// One disk in the making. What is wrong with it is noted, and the rest of it does not matter then.
class DiskReading {
 public:
    explicit DiskReading(const XlAt& at) : at_(at) {}

    Disk read() {
        std::string_view rest = at_.text();
        while (!rest.empty())
            read_parameter(take_parameter(rest));
        if (!is_given(Field::vdev)) at_.invalid("disk '{}' has no vdev: hda, xvda ...", shown(at_.text()));
        finish();
        return std::move(disk_);
    }

 private:
    using Flag = std::pair<std::string_view, std::string_view>;

    /// What a parameter without a name is: the first of these that has not been given.
    enum class Field : std::uint8_t { target, format, vdev, access };
    static constexpr std::array fields = {Field::target, Field::format, Field::vdev, Field::access};

    bool is_given(Field field) const { return (given_ >> std::to_underlying(field) & 1U) != 0; }
    void give(Field field) { given_ |= 1U << std::to_underlying(field); }

    /// The parameter "target=" is the whole of the rest.
    static std::string_view take_parameter(std::string_view& rest) {
        rest.remove_prefix(std::min(rest.find_first_not_of(" \t\n"), rest.size()));
        const auto length = rest.starts_with("target=") ? rest.size() : std::min(rest.find(','), rest.size());
        const auto parameter = rest.substr(0, length);
        rest.remove_prefix(std::min(length + 1, rest.size()));
        return parameter;
    }

    void read_parameter(std::string_view parameter) {
        if (const auto equals = parameter.find('='); equals != parameter.npos)
            return read_named(parameter.substr(0, equals), parameter.substr(equals + 1));
        if (parameter == "cdrom")
            set_device(Disk::Device::cdrom);
        else if (parameter == "discard" || parameter == "no-discard")
            set_discard(parameter == "discard");
        else if (parameter == "direct-io-safe")
            disk_.direct_io = true;
        else if (const auto* const flag = std::ranges::find(unserved_flags, parameter, &Flag::first);
                 flag != std::end(unserved_flags))
            at_.unsupported("'{}' of a disk is not supported: {}", parameter, flag->second);
        else if (parameter != "trusted" && parameter != "no-colo")
            read_positional(parameter);
    }

    void read_named(std::string_view name, std::string_view value) {
        if (name == "target")
            set_path(value);
        else if (name == "format")
            set_format(value);
        else if (name == "vdev")
            set_target(value);
        else if (name == "access")
            set_access(value);
        else if (name == "devtype")
            set_device(choice<Disk::Device>("devtype", value, xl_disk_devices));
        else if (name == "backendtype")
            set_backend(value);
        else if (name == "backend")
            set_backend_domain(value);
        else if (name == "script")
            at_.unsupported("'script={}' of a disk is not supported: {}", shown(value), no_scripts);
        else if (name != "specification" || value != "xen")
            at_.unsupported("'{}={}' of a disk is not supported", shown(name), shown(value));
    }

    void read_positional(std::string_view value) {
        // Of old an empty drive was ",hdc:cdrom,r", without a format.
        const bool drive = is_given(Field::target) && disk_.path.empty() && value.contains(':');
        if (drive) give(Field::format);
        const auto* const next =
            std::ranges::find_if(fields, [this](Field field) { return !is_given(field); });
        if (next == fields.end()) return at_.invalid("disk '{}' has too many parameters", shown(at_.text()));
        switch (*next) {
            case Field::target: return read_old_path(value);
            case Field::format: return set_format(value);
            case Field::vdev: return set_target(value);
            case Field::access: return set_access(value);
        }
    }

    void read_old_path(std::string_view path) {
        for (auto colon = path.find(':'); colon < path.find('/'); colon = path.find(':')) {
            const auto prefix = path.substr(0, colon);
            path.remove_prefix(colon + 1);
            if (std::ranges::find(empty_prefixes, prefix) != std::end(empty_prefixes)) {
                give(Field::format);
            } else if (!prefix.empty() && meaning_of<Format>(prefix, xl_disk_formats)) {
                set_format(prefix);
            } else if (std::ranges::find(script_prefixes, prefix) != std::end(script_prefixes)) {
                return refuse_script(prefix);
            } else if (is_protocol(prefix)) {
                return refuse_protocol(prefix);
            } else {
                return at_.unsupported("'{}:' before the path of a disk is not supported", shown(prefix));
            }
        }
        set_path(path);
    }

    void refuse_script(std::string_view prefix) {
        give(Field::target);
        at_.unsupported("'{0}:' before a disk stands for 'script=block-{0}', which is not supported: {1}",
                        prefix, no_scripts);
    }
    static bool is_protocol(std::string_view prefix) {
        return std::ranges::find(protocols, prefix.substr(0, prefix.find('+'))) != std::end(protocols);
    }
    void refuse_protocol(std::string_view protocol) {
        give(Field::target);
        at_.unsupported("a disk of protocol '{}' is not supported: {}", shown(protocol), no_network_disks);
    }

    void set_path(std::string_view path) {
        if (const auto colon = path.find(':'); colon < path.find('/') && is_protocol(path.substr(0, colon)))
            return refuse_protocol(path.substr(0, colon));
        give_once(Field::target, "target");
        disk_.path = path.empty() || path.starts_with('/') ? std::string(path) : fmt::format("/dev/{}", path);
    }
    /// An old path may tell it, too. A qcow2 that is taken for raw is lost with the first write.
    void set_format(std::string_view format) {
        once("format");
        give(Field::format);
        if (format != "empty") disk_.format = choice<Format>("format", format, xl_disk_formats);
    }
    /// "hdc", or of old "hdc:cdrom".
    void set_target(std::string_view vdev) {
        give_once(Field::vdev, "vdev");
        const auto colon = vdev.find(':');
        if (colon != vdev.npos)
            set_device(choice<Disk::Device>("type", vdev.substr(colon + 1), xl_disk_devices));
        auto target = disk_of_vdev(vdev.substr(0, colon));
        if (!target) return at_.invalid("{}", target.error().message);
        disk_.target = *target;
    }
    void set_access(std::string_view access) {
        give_once(Field::access, "access");
        disk_.shareable = std::ranges::find(shared_accesses, access) != std::end(shared_accesses);
        disk_.readonly = !disk_.shareable && choice<bool>("access", access, xl_disk_accesses);
    }
    void set_backend(std::string_view type) {
        once("backendtype");
        disk_.backend = choice<Backend>("backendtype", type, backends);
    }
    void set_backend_domain(std::string_view name) {
        once("backend");
        disk_.backend_domain = other_domain(name);
    }
    /// There are three ways to say it.
    void set_device(Disk::Device device) {
        if (device_.value_or(device) != device)
            at_.invalid("disk '{}' says both 'disk' and 'cdrom'", shown(at_.text()));
        disk_.device = *(device_ = device);
    }
    void set_discard(bool discard) {
        if (disk_.discard.value_or(discard) != discard)
            at_.invalid("disk '{}' says both 'discard' and 'no-discard'", shown(at_.text()));
        disk_.discard = discard;
    }
    void give_once(Field field, std::string_view name) {
        once(name);
        give(field);
    }
    void once(std::string_view name) {
        if (std::ranges::find(said_, name) != said_.end())
            at_.invalid("disk '{}' has '{}' twice", shown(at_.text()), name);
        said_.push_back(name);
    }

    template <class T>
    T choice(std::string_view what, std::string_view word, Words<T> words) {
        const auto meaning = meaning_of<T>(word, words);
        if (!meaning)
            at_.unsupported("{} '{}' of a disk is not supported; allowed are {}", what, shown(word),
                            list_words<T>(words));
        return meaning.value_or(words.front().meaning);
    }

    void finish() {
        if (disk_.device == Disk::Device::cdrom) disk_.readonly = true;
        if (disk_.path.empty()) return;
        if (!is_file_path(disk_.path))
            at_.invalid("the source of a disk must be a path of up to {} bytes in one line, not '{}'",
                        limits::path_bytes, shown(disk_.path));
        disk_.source = disk_.path.starts_with("/dev/") ? Source::block : Source::file;
    }

    const XlAt& at_;
    Disk disk_;
    unsigned given_ = 0;                  ///< a bit for each field
    std::optional<Disk::Device> device_;  ///< as it was said
    std::vector<std::string_view> said_;  ///< what can be said once
};

/// A definition has its disks in the order of their letters, xl as they are listed.
void tell_boot_disk(const XlAt& at, const DiskName& listed, const Definition& definition) {
    const auto& bootloader = definition.boot.bootloader;
    const auto& first = definition.disks.front().target;
    if (!bootloader.empty() && first != listed)
        at.remark(
            "the bootloader {} looks at {} here, the first of the disks by their names; with xl it would be "
            "{}, which is listed first",
            bootloader, to_string(first), to_string(listed));
}

}  // namespace

void read_xl_disks(const XlAt& at, Definition& definition) {
    std::optional<DiskName> listed;
    for (const auto& item : at.items()) {
        auto disk = DiskReading(item).read();
        if (!listed) listed = disk.target;
        if (const auto good = check_disk(disk, definition.type); !good)
            return item.unsupported("{}", good.error().message);
        if (const auto added = add_disk(definition.disks, std::move(disk), definition.type); !added)
            return item.invalid("{}", added.error().message);
    }
    if (listed) tell_boot_disk(at.items().front(), *listed, definition);
}

void write_xl_disks(const Definition& definition, XlWriter& writer) {
    std::vector<std::string> specs;
    for (const auto& disk : definition.disks) {
        auto spec = fmt::format("format={},vdev={},access={}", word_for<Format>(disk.format, xl_disk_formats),
                                to_string(disk.target), word_for<bool>(disk.readonly, xl_disk_accesses));
        if (disk.device == Disk::Device::cdrom) spec += ",devtype=cdrom";
        if (const auto backend = backend_of(disk); backend != Backend::chosen)
            spec += fmt::format(",backendtype={}", word_for<Backend>(backend, backends));
        if (!disk.backend_domain.empty()) spec += fmt::format(",backend={}", disk.backend_domain);
        if (disk.direct_io) spec += ",direct-io-safe";
        if (disk.discard) spec += *disk.discard ? ",discard" : ",no-discard";
        specs.push_back(spec + ",target=" + disk.path);
    }
    writer.texts("disk", specs);
}

}  // namespace virtlight::domain
