// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "domain/xml.hpp"
#include "hypervisor/image_writer.hpp"
#include "manager/life_file.hpp"
#include "manager/stored_files.hpp"

/// What a daemon reads at its start of what the one before has stored.
namespace virtlight::manager {
namespace {

namespace fs = std::filesystem;

/// Reads one folder of definitions. What is wrong with a file becomes a problem.
class Folder {
 public:
    Folder(fs::path path, std::vector<std::string>& problems) : path_(std::move(path)), problems_(problems) {}

    /// The files that may be definitions, by uuid. What a crash left of an unfinished write is removed.
    std::vector<fs::path> files() const;
    /// The file's text, if it can be read.
    std::optional<std::string> text(const fs::path& file) const;
    /// Whether it is the file of a domain with this uuid.
    bool belongs(const fs::path& file, Uuid uuid) const;

    void problem(const fs::path& file, std::string_view what) const {
        problems_.push_back(fmt::format("'{}' is left alone: {}", file.string(), what));
    }

 private:
    fs::path path_;
    std::vector<std::string>& problems_;
};

std::vector<fs::path> Folder::files() const {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
        const auto& file = at->path();
        if (file.extension() == definition_suffix)
            files.push_back(file);
        else if (file.extension() == ".new")
            ::unlink(file.c_str());
        else
            problem(file, "its name is not that of a definition");
    }
    if (error) problem(path_, error.message());
    std::ranges::sort(files);
    return files;
}

std::optional<std::string> Folder::text(const fs::path& file) const {
    auto read = read_file(file, limits::kept_bytes);
    if (read) return *std::move(read);
    problem(file, read.error().message);
    return std::nullopt;
}

bool Folder::belongs(const fs::path& file, Uuid uuid) const {
    if (file.stem() == to_string(uuid)) return true;
    problem(file, fmt::format("it defines a domain with uuid {}", to_string(uuid)));
    return false;
}

void load_domains(const fs::path& folder, Store::Content& content) {
    const Folder domains(folder / "domains", content.problems);
    std::set<std::string> names;
    for (const auto& file : domains.files()) {
        const auto text = domains.text(file);
        if (!text) continue;
        auto definition = domain::parse_xml(*text);
        if (!definition) {
            domains.problem(file, definition.error().message);
            continue;
        }
        if (!domains.belongs(file, definition->uuid)) continue;
        if (!names.insert(definition->name).second) {
            domains.problem(file, fmt::format("there is another domain named '{}'", definition->name));
            continue;
        }
        const auto has_link = [&folder, uuid = definition->uuid](std::string_view links) {
            return is_link(autostart_link(folder, links, uuid));
        };
        content.domains.push_back({.definition = *std::move(definition),
                                   .autostart = has_link(each_boot),
                                   .autostart_once = has_link(next_boot)});
    }
}

void load_lives(const fs::path& folder, std::string_view boot, Store::Content& content) {
    const Folder running(folder / "running", content.problems);
    for (const auto& file : running.files()) {
        const auto text = running.text(file);
        if (!text) continue;
        auto life = parse_life(*text, boot);
        if (!life)
            running.problem(file, life.error().message);
        else if (running.belongs(file, life->definition.uuid))
            content.lives.push_back(*std::move(life));
    }
}

/// An image is looked into when it is wanted. Without knowing of one its domain would be started from its
/// beginning: so it is an error if they cannot be listed.
Result<> load_images(const fs::path& folder, Store::Content& content) {
    const auto saved = folder / "saved";
    std::error_code error;
    for (fs::directory_iterator at(saved, error), end; !error && at != end; at.increment(error)) {
        const auto& file = at->path();
        const auto uuid = Uuid::parse(file.stem().string());
        if (uuid && file.extension() == image_suffix)
            content.images.push_back(*uuid);
        else if (uuid && file.extension() == aside_suffix)
            content.images_aside.push_back(*uuid);
        else if (uuid && file.extension() == old_suffix)
            continue;
        else if (file.extension() == hypervisor::unfinished_suffix)
            ::unlink(file.c_str());
        else
            content.problems.push_back(
                fmt::format("'{}' is left alone: its name is not that of an image", file.string()));
    }
    if (error) return fail(Reason::io, "cannot list the images in '{}': {}", saved.string(), error.message());
    return {};
}

void remove_dangling_links(const fs::path& folder) {
    for (const auto links : {each_boot, next_boot}) {
        std::error_code error;
        for (fs::directory_iterator at(folder / links, error), end; !error && at != end; at.increment(error))
            if (is_link(at->path()) && is_gone(at->path())) ::unlink(at->path().c_str());
    }
}

}  // namespace

Result<Store::Content> load_store(const std::filesystem::path& folder, std::string_view boot) {
    constexpr std::string_view parts[] = {"domains", each_boot, next_boot, "saved", "running", "cores"};
    for (const auto part : parts)
        if (auto made = make_folder(folder / part); !made) return std::unexpected(made.error());
    Store::Content content;
    remove_dangling_links(folder);
    load_domains(folder, content);
    load_lives(folder, boot, content);
    if (auto loaded = load_images(folder, content); !loaded) return std::unexpected(loaded.error());
    // That there is none is as good as another boot.
    content.autostarted_in = read_file(autostart_mark(folder), limits::name_bytes).value_or("");
    return content;
}

}  // namespace virtlight::manager
