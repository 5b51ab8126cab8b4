// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/disk.hpp"
#include "domain/xl_cfg_options.hpp"
#include "domain/xl_cfg_specs.hpp"
#include "domain/xml_values.hpp"

// The disks of a guest: xl-disk-configuration(5).

namespace virtlight::domain {
namespace {

using Backend = Disk::Backend;
using Device = Disk::Device;
using Format = Disk::Format;
using Source = Disk::Source;

constexpr Word<Format> formats[] = {{"raw", Format::raw}, {"qcow", Format::qcow}, {"qcow2", Format::qcow2},
                                    {"vhd", Format::vhd}, {"qed", Format::qed},   {"", Format::raw}};
constexpr Word<Backend> backends[] = {{"phy", Backend::phy}, {"qdisk", Backend::qemu}};
constexpr Word<Device> devices[] = {{"cdrom", Device::cdrom}, {"disk", Device::disk}};
constexpr Word<bool> accesses[] = {{"ro", true}, {"r", true}, {"rw", false}, {"w", false}, {"", false}};

/// What was once written before a path, "tap:qcow2:/path", and says nothing more.
constexpr std::string_view empty_prefixes[] = {"tapdisk", "tap", "tap2", "aio", "ioemu", "file", "phy"};

/// One disk in the making. What is wrong with it is noted, and the rest of it does not matter then.
class DiskReading {
 public:
    explicit DiskReading(const XlAt& at) : at_(at) {}

    Disk read() {
        std::string_view rest = at_.text();
        while (!rest.empty())
            read_parameter(take_parameter(rest));
        if (!target_) at_.invalid("disk '{}' has no vdev: hda, xvda ...", shown(at_.text()));
        finish();
        return std::move(disk_);
    }

 private:
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
            disk_.device = Device::cdrom;
        else if (parameter == "discard" || parameter == "no-discard")
            disk_.discard = parameter == "discard";
        else if (parameter == "direct-io-safe")
            disk_.direct_io = true;
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
            access_ = choice<bool>("access", value, accesses);
        else if (name == "devtype")
            disk_.device = choice<Device>("devtype", value, devices);
        else if (name == "backendtype")
            disk_.backend = choice<Backend>("backendtype", value, backends);
        else if (name == "backend")
            disk_.backend_domain = value == "0" ? std::string() : std::string(value);
        else if (name != "specification" || value != "xen")
            at_.unsupported("'{}={}' of a disk is not supported", shown(name), shown(value));
    }

    /// target, format, vdev, access: the next that is not there yet.
    void read_positional(std::string_view value) {
        if (!has_path_) return read_old_path(value);
        if (!has_format_ && disk_.path.empty() && value.contains(':')) has_format_ = true;
        if (!has_format_) return set_format(value);
        if (!target_) return set_target(value);
        if (access_) return at_.invalid("disk '{}' has too many parameters", shown(at_.text()));
        access_ = choice<bool>("access", value, accesses);
    }

    void read_old_path(std::string_view path) {
        for (auto colon = path.find(':'); colon < path.find('/'); colon = path.find(':')) {
            const auto prefix = path.substr(0, colon);
            path.remove_prefix(colon + 1);
            if (std::ranges::find(empty_prefixes, prefix) != std::end(empty_prefixes)) {
                has_format_ = true;
            } else if (!prefix.empty() && meaning_of<Format>(prefix, formats)) {
                set_format(prefix);
            } else {
                return at_.unsupported("'{}:' before the path of a disk is not supported", shown(prefix));
            }
        }
        set_path(path);
    }

    void set_path(std::string_view path) {
        has_path_ = true;
        disk_.path = path.empty() || path.starts_with('/') ? std::string(path) : fmt::format("/dev/{}", path);
    }
    void set_format(std::string_view format) {
        has_format_ = true;
        if (format != "empty") disk_.format = choice<Format>("format", format, formats);
    }
    /// "hdc", or of old "hdc:cdrom".
    void set_target(std::string_view vdev) {
        const auto colon = vdev.find(':');
        if (colon != vdev.npos) disk_.device = choice<Device>("type", vdev.substr(colon + 1), devices);
        auto target = parse_disk_name(vdev.substr(0, colon));
        if (!target) return at_.invalid("{}", target.error().message);
        target_ = *target;
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
        const bool cdrom = disk_.device == Device::cdrom;
        disk_.target = target_.value_or(DiskName());
        disk_.readonly = cdrom || access_.value_or(false);
        if (disk_.path.empty()) return;
        const bool block = disk_.path.starts_with("/dev/") || disk_.backend == Backend::phy;
        disk_.source = block ? Source::block : Source::file;
    }

    const XlAt& at_;
    Disk disk_;
    std::optional<DiskName> target_;
    std::optional<bool> access_;
    bool has_path_ = false;
    bool has_format_ = false;
};

}  // namespace

void read_xl_disks(const XlAt& at, Definition& definition) {
    for (const auto& item : at.items()) {
        auto disk = DiskReading(item).read();
        if (const auto good = check_disk(disk, definition.type); !good)
            return item.unsupported("{}", good.error().message);
        if (const auto added = add_disk(definition.disks, std::move(disk), definition.type); !added)
            return item.invalid("{}", added.error().message);
    }
}

void write_xl_disks(const Definition& definition, XlWriter& writer) {
    std::vector<std::string> specs;
    for (const auto& disk : definition.disks) {
        auto spec = fmt::format("format={},vdev={},access={}", word_for<Format>(disk.format, formats),
                                to_string(disk.target), word_for<bool>(disk.readonly, accesses));
        if (disk.device == Device::cdrom) spec += ",devtype=cdrom";
        if (disk.backend != Backend::chosen)
            spec += fmt::format(",backendtype={}", word_for<Backend>(disk.backend, backends));
        if (!disk.backend_domain.empty()) spec += fmt::format(",backend={}", disk.backend_domain);
        if (disk.direct_io) spec += ",direct-io-safe";
        if (disk.discard) spec += *disk.discard ? ",discard" : ",no-discard";
        specs.push_back(spec + ",target=" + disk.path);
    }
    writer.texts("disk", specs);
}

}  // namespace virtlight::domain
