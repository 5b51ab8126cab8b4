// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/file_store.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "domain/xml.hpp"
#include "hypervisor/image_writer.hpp"
#include "manager/life_file.hpp"

namespace virtlight::manager {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view suffix = ".xml";
constexpr std::string_view image_suffix = ".image";
constexpr std::string_view aside_suffix = ".used";
constexpr std::string_view old_suffix = ".old";

fs::path domain_file(const fs::path& folder, Uuid uuid) {
    return folder / "domains" / (to_string(uuid) + std::string(suffix));
}
/// Links to the definitions of those that are started with the host: at each boot of it, at the next alone.
constexpr std::string_view each_boot = "autostart";
constexpr std::string_view next_boot = "autostart-once";

fs::path autostart_link(const fs::path& folder, std::string_view links, Uuid uuid) {
    return folder / links / (to_string(uuid) + std::string(suffix));
}
fs::path autostart_mark(const fs::path& folder) {
    return folder / "autostarted";
}
fs::path image_file(const fs::path& folder, Uuid uuid) {
    return folder / "saved" / (to_string(uuid) + std::string(image_suffix));
}
fs::path aside_file(const fs::path& folder, Uuid uuid) {
    return folder / "saved" / (to_string(uuid) + std::string(aside_suffix));
}
fs::path old_file(const fs::path& folder, Uuid uuid) {
    return folder / "saved" / (to_string(uuid) + std::string(old_suffix));
}
fs::path life_file(const fs::path& folder, Uuid uuid) {
    return folder / "running" / (to_string(uuid) + std::string(suffix));
}

bool is_link(const fs::path& path) {
    std::error_code ignored;
    return fs::is_symlink(fs::symlink_status(path, ignored));
}

/// What a disk in trouble does not let be looked at is not gone.
bool is_gone(const fs::path& path) {
    std::error_code ignored;
    return fs::status(path, ignored).type() == fs::file_type::not_found;
}

// All below runs on the blocking thread.

/// What is changed is changed, and is not called a failure.
void sync_folder_of(const fs::path& file) {
    if (const auto synced = sync_folder(file.parent_path()); !synced)
        log::warning("a power cut may undo the change of '{}': {}", file.string(), synced.error().message);
}

Result<> make_autostart_link(const fs::path& link) {
    if (is_link(link)) return {};
    const auto target = fs::path("..") / "domains" / link.filename();
    if (::symlink(target.c_str(), link.c_str()) != 0 && errno != EEXIST)
        return fail_errno(errno, "cannot make the link '{}'", link.string());
    sync_folder_of(link);
    return {};
}

Result<> set_autostart_link(const fs::path& link, bool autostart) {
    if (autostart) return make_autostart_link(link);
    return is_link(link) ? remove_file(link) : Result<>();
}

/// What the next daemon could not read would be lost: the one of before stays. Devices come to a definition,
/// each of them good, until all are too long.
Result<> check_can_be_read_back(std::string_view xml) {
    const auto read = domain::parse_xml(xml);
    if (read) return {};
    return fail(read.error().reason, "its definition could not be read back if it was kept so: {}",
                read.error().message);
}

Result<> save_domain(const fs::path& folder, const Stored& domain) {
    const auto uuid = domain.definition.uuid;
    const auto file = domain_file(folder, uuid);
    const std::pair<fs::path, bool> links[] = {
        {autostart_link(folder, each_boot, uuid), domain.autostart},
        {autostart_link(folder, next_boot, uuid), domain.autostart_once}};
    const auto xml = domain::format_xml(domain.definition);
    if (auto good = check_can_be_read_back(xml); !good) return good;
    // A domain of before may have left its links: the new one is not to be started with the host.
    for (const auto& [link, autostart] : links)
        if (is_link(link) && is_gone(file))
            if (auto unlinked = remove_file(link); !unlinked) return unlinked;
    // Several files, but a change is to the definition or to one link: the other steps change nothing.
    if (auto written = write_file(file, xml); !written) return written;
    for (const auto& [link, autostart] : links)
        if (auto set = set_autostart_link(link, autostart); !set) return set;
    return {};
}

Result<> move_file(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0)
        return fail_errno(errno, "cannot rename '{}' to '{}'", from.string(), to.filename().string());
    sync_folder_of(to);
    return {};
}

/// What is aside when a guest begins to be made is not from this start of it.
Result<> put_away_aside(const fs::path& folder, Uuid uuid) {
    const auto old = old_file(folder, uuid);
    if (::rename(aside_file(folder, uuid).c_str(), old.c_str()) == 0) {
        sync_folder_of(old);
        return {};
    }
    if (errno == ENOENT) return {};
    return fail_errno(errno, "cannot rename '{}'", aside_file(folder, uuid).string());
}

Result<> set_aside(const fs::path& folder, Uuid uuid) {
    const auto image = image_file(folder, uuid);
    const auto aside = aside_file(folder, uuid);
    if (is_gone(image) && !is_gone(aside)) return {};
    return move_file(image, aside);
}

Result<> take_back(const fs::path& folder, Uuid uuid) {
    const auto image = image_file(folder, uuid);
    const auto aside = aside_file(folder, uuid);
    // What lies aside beside a good image is of an earlier guest.
    if (!is_gone(image) || is_gone(aside)) return {};
    return move_file(aside, image);
}

Result<> remove_images(const fs::path& folder, Uuid uuid) {
    // The one that counts goes last: should it not, nothing has changed.
    if (auto removed = remove_file(aside_file(folder, uuid)); !removed) return removed;
    return remove_file(image_file(folder, uuid));
}

/// The memory of a guest may hold secrets: nothing that was saved of it outlives its domain. It goes first,
/// as nobody would remove it once the definition is gone.
Result<> remove_domain(const fs::path& folder, Uuid uuid) {
    if (auto removed = remove_file(old_file(folder, uuid)); !removed) return removed;
    if (auto removed = remove_images(folder, uuid); !removed) return removed;
    if (auto removed = remove_file(domain_file(folder, uuid)); !removed) return removed;
    // The domain is gone; a link that leads nowhere is taken away at the next load.
    for (const auto links : {each_boot, next_boot})
        if (const auto unlinked = remove_file(autostart_link(folder, links, uuid)); !unlinked)
            log::warning("{}", unlinked.error().message);
    return {};
}

Result<> save_life_file(const fs::path& folder, const StoredLife& life, std::string_view boot) {
    if (life.domid == 0)
        if (auto away = put_away_aside(folder, life.definition.uuid); !away) return away;
    return write_file(life_file(folder, life.definition.uuid), format_life(life, boot));
}

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
        if (file.extension() == suffix)
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

Result<Store::Content> load_all(const fs::path& folder, std::string_view boot) {
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

}  // namespace

FileStore::FileStore(fs::path folder, std::string boot, async::Blocking& blocking,
                     async::Scheduler& scheduler)
    : folder_(std::move(folder)), boot_(std::move(boot)), blocking_(blocking), scheduler_(scheduler) {}

async::Task<Result<Store::Content>> FileStore::load() {
    return async::run_blocking(blocking_, scheduler_,
                               [folder = folder_, boot = boot_] { return load_all(folder, boot); });
}

async::Task<Result<>> FileStore::save(Stored domain) {
    return async::run_blocking(blocking_, scheduler_, [folder = folder_, domain = std::move(domain)] {
        return save_domain(folder, domain);
    });
}

async::Task<Result<>> FileStore::remove(Uuid uuid) {
    return async::run_blocking(blocking_, scheduler_,
                               [folder = folder_, uuid] { return remove_domain(folder, uuid); });
}

async::Task<Result<>> FileStore::note_autostart(std::string boot) {
    return async::run_blocking(blocking_, scheduler_, [folder = folder_, boot = std::move(boot)] {
        return write_file(autostart_mark(folder), boot);
    });
}

async::Task<Result<>> FileStore::save_life(StoredLife life) {
    return async::run_blocking(blocking_, scheduler_,
                               [folder = folder_, boot = boot_, life = std::move(life)] {
                                   return save_life_file(folder, life, boot);
                               });
}

async::Task<Result<>> FileStore::remove_life(Uuid uuid) {
    return async::run_blocking(blocking_, scheduler_,
                               [folder = folder_, uuid] { return remove_file(life_file(folder, uuid)); });
}

fs::path FileStore::image_path(Uuid uuid) const {
    return fs::absolute(image_file(folder_, uuid));
}

fs::path FileStore::core_path(const std::string& name) const {
    return fs::absolute(folder_ / "cores" / (name + ".core"));
}

async::Task<Result<>> FileStore::set_image_aside(Uuid uuid) {
    return async::run_blocking(blocking_, scheduler_,
                               [folder = folder_, uuid] { return set_aside(folder, uuid); });
}

async::Task<Result<>> FileStore::take_image_back(Uuid uuid) {
    return async::run_blocking(blocking_, scheduler_,
                               [folder = folder_, uuid] { return take_back(folder, uuid); });
}

async::Task<Result<>> FileStore::remove_image(Uuid uuid) {
    return async::run_blocking(blocking_, scheduler_,
                               [folder = folder_, uuid] { return remove_images(folder, uuid); });
}

}  // namespace virtlight::manager
