// SPDX-License-Identifier: LGPL-2.1-or-later
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "manager/manager_impl.hpp"
#include "manager/operations.hpp"

/// The manager's jobs that write guests to images, and those that go on from there.
namespace virtlight::manager {

using async::Task;
using hypervisor::Operation;

Task<Result<>> Manager::save(Uuid uuid, std::filesystem::path path, SaveOptions options) {
    return impl_->change(JobKind::save, uuid,
                         [impl = impl_.get(), path = std::move(path), options = std::move(options)](
                             DomainRef domain, Operation operation) mutable {
                             return impl->guests.save(std::move(domain), std::move(path), std::move(options),
                                                      std::move(operation));
                         });
}

Task<Result<>> Manager::managed_save(Uuid uuid, SaveOptions options) {
    return impl_->change(
        JobKind::save, uuid,
        [impl = impl_.get(), options = std::move(options)](DomainRef domain, Operation operation) mutable {
            return impl->guests.managed_save(std::move(domain), std::move(options), std::move(operation));
        });
}

Task<Result<>> Manager::remove_managed_image(Uuid uuid) {
    return impl_->change(JobKind::remove_image, uuid, [impl = impl_.get()](DomainRef domain, Operation) {
        return impl->guests.remove_image(std::move(domain));
    });
}

Task<Result<hypervisor::ImageHead>> Manager::read_image(std::filesystem::path path) {
    return impl_->core.hypervisor.read_image(std::move(path));
}

Task<Result<hypervisor::ImageHead>> Manager::read_managed_image(Uuid uuid) {
    const auto domain = impl_->existing(uuid);
    if (!domain) co_return std::unexpected(domain.error());
    if (!(*domain)->image)
        co_return fail(Reason::invalid_state, "domain '{}' has no managed save image", (*domain)->name);
    co_return co_await read_image(impl_->core.store.image_path(uuid));
}

namespace {

/// By whatever name: it is changed in its domain's turn, as that may be started from it, or have run by now.
Task<bool> is_managed_image(const Core& core, std::filesystem::path path, DomainRef domain) {
    const auto managed = core.store.image_path(domain->uuid);
    if (path.lexically_normal() == managed) co_return true;
    if (!domain->image) co_return false;
    std::vector<std::string> both{path.string(), managed.string()};
    const auto found = co_await core.hypervisor.identify_files(std::move(both), {});
    co_return found[0] && *found[0] && found[1] && *found[0] == *found[1];
}

}  // namespace

Task<Result<>> Manager::change_image(std::filesystem::path path, ImageChange change) {
    auto& impl = *impl_;
    auto client = impl.core.client;
    const auto head = co_await read_image(path);
    if (!head) co_return std::unexpected(head.error());
    const auto uuid = head->definition.uuid;
    const auto domain = impl.existing(uuid);
    const bool managed = domain && co_await is_managed_image(impl.core, path, *domain);
    if (managed) co_return co_await change_managed_image(uuid, std::move(change));
    // A record of its own: the guest that it was saved of may run, and waits for no copying of a file.
    auto record = std::make_shared<Domain>(Domain{.uuid = uuid, .name = head->definition.name});
    Jobs::Work work = [&impl, path = std::move(path),
                       change = std::move(change)](Operation operation) mutable {
        return impl.guests.change_image(std::move(path), std::move(change), std::move(operation));
    };
    co_return co_await impl.jobs.run(std::move(record), JobKind::change_image, std::move(work),
                                     std::move(client));
}

Task<Result<>> Manager::change_managed_image(Uuid uuid, ImageChange change) {
    return impl_->change(
        JobKind::change_image, uuid,
        [impl = impl_.get(), change = std::move(change)](DomainRef domain, Operation operation) mutable {
            return impl->guests.change_managed_image(std::move(domain), std::move(change),
                                                     std::move(operation));
        });
}

Task<Result<DomainInfo>> Manager::restore(std::filesystem::path path, RestoreOptions options) {
    auto& impl = *impl_;
    auto client = impl.core.client;
    auto head = co_await read_image(path);
    if (!head) co_return std::unexpected(std::move(head.error()));
    if (options.definition) {
        if (auto good = check_instead(head->definition, *options.definition); !good)
            co_return std::unexpected(std::move(good.error()));
    }
    if (options.definition) head = redefined(*std::move(head), *std::move(options.definition));
    auto definition = std::move(head->definition);
    hypervisor::KnownImage image{std::move(path), std::move(head->bytes)};
    const auto uuid = definition.uuid;
    const StartOptions start{.paused = options.paused.value_or(head->paused),
                             .bypass_cache = options.bypass_cache,
                             .vcpus_online = head->vcpus_online};
    const auto domain = impl.claim(JobKind::restore, definition);
    if (!domain) co_return std::unexpected(domain.error());
    Jobs::Work work = [&impl, domain = *domain, definition = std::move(definition), image = std::move(image),
                       start](Operation operation) mutable {
        return impl.guests.restore(std::move(domain), std::move(definition), std::move(image), start,
                                   std::move(operation));
    };
    const auto restored =
        co_await impl.jobs.run(*domain, JobKind::restore, std::move(work), std::move(client));
    if (!restored) co_return std::unexpected(restored.error());
    co_return find(uuid);
}

}  // namespace virtlight::manager
