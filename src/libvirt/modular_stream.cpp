// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/modular_stream.hpp"

#include <array>
#include <utility>

#include <poll.h>

#include "base/limits.hpp"
#include "libvirt/socket.hpp"

namespace virtlight::libvirt {

ModularStream::ModularStream(async::FdScheduler& scheduler, std::shared_ptr<Connected> connected, Fd socket,
                             RelayedStream relayed, std::string daemon, std::function<void()> wake)
    : scheduler_(scheduler),
      connected_(std::move(connected)),
      socket_(std::move(socket)),
      relayed_(std::move(relayed)),
      daemon_(std::move(daemon)),
      wake_(std::move(wake)),
      moved_(scheduler.now()) {
    connected_->insert(this);
    watch_ = scheduler_.watch(socket_.get(), POLLIN | POLLOUT, [this](short revents) { ready(revents); });
    look_for_movement();
}

ModularStream::~ModularStream() {
    close();
}

ModularStream::Answer ModularStream::start() {
    send();
    watch_on();
    tell();
    return answer_;
}

void ModularStream::ready(short revents) {
    if ((revents & ~POLLOUT) != 0 && relayed_.wants_input()) receive();
    send();
    watch_on();
    tell();
}

void ModularStream::receive() {
    static thread_local std::array<std::uint8_t, limits::read_bytes> buffer;
    const auto got = read_some(socket_.get(), buffer);
    if (!got) return lose(got.error());
    if (*got > 0) moved_ = scheduler_.now();
    if (const auto understood = relayed_.receive(View(buffer).first(*got)); !understood)
        lose(understood.error());
}

/// What the socket takes now.
void ModularStream::send() {
    if (relayed_.over() || relayed_.output().empty()) return;
    const auto put = write_some(socket_.get(), relayed_.output());
    if (!put) return lose(put.error());
    if (*put > 0) moved_ = scheduler_.now();
    relayed_.sent(*put);
}

void ModularStream::lose(const Error& why) {
    relayed_.fail(
        {why.reason, fmt::format("libvirt's {} does not answer: {}", daemon_, why.message), why.details});
    wake_();
}

/// Waits for what is to come next.
void ModularStream::watch_on() {
    if (relayed_.over()) return close();
    const auto input = relayed_.wants_input() ? POLLIN : 0;
    const auto output = relayed_.output().empty() ? 0 : POLLOUT;
    scheduler_.rewatch(watch_, static_cast<short>(input | output));
}

void ModularStream::close() {
    if (!socket_) return;
    connected_->erase(this);
    scheduler_.cancel(look_);
    scheduler_.unwatch(watch_);
    socket_ = {};
}

/// That something has happened.
void ModularStream::tell() {
    wake_();
    auto told = relayed_.take_answer();
    if (!told) return;
    const auto answer = answer_;
    answer.set(*std::move(told));  // this may be gone from here on
}

void ModularStream::end(const Error& why) {
    relayed_.fail(why);
    watch_on();
    tell();
}

/// A timer for each movement would be set more often than anything moves.
void ModularStream::look_for_movement() {
    const auto due = moved_ + limits::modular_stream_idle;
    if (scheduler_.now() < due) {
        look_ = scheduler_.call_at(due, [this] { look_for_movement(); });
        return;
    }
    const auto idle = seconds(limits::modular_stream_idle).count();
    end({Reason::timed_out,
         relayed_.waits_for_daemon()
             ? fmt::format("libvirt's {} has not gone on with the stream for {} s", daemon_, idle)
             : fmt::format("nothing was sent or read in the stream for {} s", idle)});
}

// The client's side

Result<StreamEnd::Portion> ModularStream::read(std::size_t max) {
    const auto portion = relayed_.read(max);
    watch_on();
    return portion;
}

Result<std::size_t> ModularStream::write(View bytes) {
    const auto taken = relayed_.write(bytes);
    send();
    watch_on();
    // A socket that has taken all of it does not tell of room.
    if (taken && *taken < bytes.size() && relayed_.output().empty()) wake_();
    return taken;
}

Result<bool> ModularStream::finish() {
    const auto done = relayed_.finish();
    send();
    watch_on();
    return done;
}

}  // namespace virtlight::libvirt
