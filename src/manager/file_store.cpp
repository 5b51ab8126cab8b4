// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/file_store.hpp"

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/log.hpp"
#include "domain/xml.hpp"
#include "manager/life_file.hpp"
#include "manager/stored_files.hpp"

namespace virtlight::manager {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

FileStore::FileStore(fs::path folder, std::string boot, async::Blocking& blocking,
                     async::Scheduler& scheduler)
    : folder_(std::move(folder)), boot_(std::move(boot)), blocking_(blocking), scheduler_(scheduler) {}

async::Task<Result<Store::Content>> FileStore::load() {
    return async::run_blocking(blocking_, scheduler_,
                               [folder = folder_, boot = boot_] { return load_store(folder, boot); });
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
