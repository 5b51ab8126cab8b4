// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/context.hpp"

#include "base/log.hpp"
#include "xenlight/domain_config.hpp"

namespace virtlight::xenlight {

const libxl_event_hooks Context::hooks = {
    .event_occurs_mask = LIBXL_EVENTMASK_ALL,
    .event_occurs = event_occurs,
    .disaster = disaster,
};

Context::Context(async::FdScheduler& loop, std::string name)
    : loop_(loop), name_(std::move(name)), operations_(handle_, log_), deaths_(handle_), xenstore_(loop) {}

Result<std::unique_ptr<Context>> Context::open(async::FdScheduler& loop, std::string name) {
    std::unique_ptr<Context> context(new Context(loop, std::move(name)));
    if (auto ready = context->set_up(); !ready) return std::unexpected(ready.error());
    return context;
}

Result<> Context::set_up() {
    auto lifeline = connect_lifeline(xenstored_socket());
    if (!lifeline) return std::unexpected(std::move(lifeline.error()));
    const auto record = log_.begin(std::nullopt);
    auto opened = handle_.open(log_.sink());
    auto lines = log_.end(record);
    if (!opened) {
        opened.error().details = std::move(lines);
        return opened;
    }
    os_events_.emplace(loop_, handle_);
    children_.emplace(loop_, handle_);
    lifeline_.emplace(loop_, *std::move(lifeline), [this] { break_down("xenstored has gone"); });
    handle_.enter([this](libxl_ctx* ctx) { libxl_event_register_callbacks(ctx, &hooks, this); });
    handle_.on_leaving([this] { libxl_left(); });
    return {};
}

Context::~Context() {
    handle_.on_leaving(nullptr);
    if (operations_.in_flight() == 0 && !broken_) {
        handle_.close();
    } else {
        log::warning("{}: left behind with {} operations in flight", name_, operations_.in_flight());
        handle_.abandon();
    }
}

Result<> Context::read_info(std::string_view what, hypervisor::DomId domid, DomainInfo& info) {
    return attempt(what, domid, [&](libxl_ctx* ctx) { return libxl_domain_info(ctx, info.get(), domid); });
}

Result<bool> Context::has(std::string_view what, hypervisor::DomId domid, const Uuid& uuid) {
    DomainInfo info;
    if (auto read = read_info(what, domid, info); !read) {
        if (read.error().reason == Reason::no_domain) return false;
        return std::unexpected(std::move(read.error()));
    }
    return !info->dying && uuid_of(info->uuid) == uuid;
}

void Context::event_occurs(void* self, libxl_event* event) noexcept {
    auto& context = *static_cast<Context*>(self);
    const hypervisor::LifeId life{event->for_user};
    log::debug("{}: {} of domain {}", context.name_, libxl_event_type_to_string(event->type), event->domid);
    libxl_event_free(nullptr, event);
    if (context.happened_) context.happened_(life);
}

void Context::disaster(void* self, libxl_event_type, const char* message, int errno_value) noexcept {
    auto& context = *static_cast<Context*>(self);
    if (context.disaster_) return;
    context.disaster_ =
        errno_value ? fmt::format("{}: {}", message, errno_text(errno_value)) : std::string(message);
}

void Context::libxl_left() {
    operations_.tell_ended();
    if (disaster_ && !broken_) break_down(*disaster_);
}

void Context::break_down(std::string_view why) {
    if (broken_) return;
    log::error("{}: broken down: {}", name_, why);
    broken_ = Error{Reason::operation_failed, fmt::format("libxl broke down ({})", why)};
    operations_.fail_all(*broken_);
    if (broke_) broke_();
}

}  // namespace virtlight::xenlight
