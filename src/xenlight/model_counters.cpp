// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/model_counters.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "async/completion.hpp"
#include "base/limits.hpp"
#include "xenlight/qmp.hpp"

namespace virtlight::xenlight {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using hypervisor::DomId;

/// Takes the first line out of the text; empty: there is no whole one.
std::optional<std::string> take_line(std::string& text) {
    const auto end = text.find('\n');
    if (end == std::string::npos) return std::nullopt;
    auto line = text.substr(0, end);
    text.erase(0, end + 1);
    return line;
}

}  // namespace

/// One refresh() that waits for answers.
struct ModelCounters::Wait {
    std::size_t left = 0;
    async::Completion<bool> done;
};

struct ModelCounters::Question {
    Time asked;
    Fd socket;
    async::WatchId watch{};
    async::TimerId deadline{};
    std::string received{};
    std::vector<std::shared_ptr<Wait>> waits{};
};

std::vector<DomId> guests_with_models(const fs::path& folder) {
    std::vector<DomId> guests;
    std::error_code failed;
    for (auto file = fs::directory_iterator(folder, failed); !failed && file != fs::directory_iterator();
         file.increment(failed)) {
        const auto name = file->path().filename().string();
        if (!name.starts_with(measuring_socket_prefix)) continue;
        DomId domid = 0;
        const auto* const end = name.data() + name.size();
        const auto read = std::from_chars(name.data() + measuring_socket_prefix.size(), end, domid);
        if (read.ec == std::errc{} && read.ptr == end) guests.push_back(domid);
    }
    std::ranges::sort(guests);
    return guests;
}

ModelCounters::ModelCounters(async::FdScheduler& core, fs::path folder)
    : core_(core), folder_(std::move(folder)) {}

ModelCounters::~ModelCounters() {
    for (auto& [domid, model] : models_)
        end(model, false);
}

async::Task<> ModelCounters::refresh(std::vector<Guest> guests, Duration patience) {
    const auto wait = std::make_shared<Wait>();
    for (const auto& guest : guests) {
        auto& model = models_[guest.domid];
        if (model.uuid != guest.uuid) {
            end(model, false);
            model = Model{.uuid = guest.uuid};
        }
        if (!model.question) ask(guest.domid, model);
        if (!model.question || !model.answers || core_.now() - model.question->asked >= patience) continue;
        model.question->waits.push_back(wait);
        ++wait->left;
    }
    if (wait->left == 0) co_return;
    const auto timer = core_.call_at(core_.now() + patience, [wait] { wait->done.set(true); });
    co_await wait->done;
    core_.cancel(timer);
}

const std::vector<ModelDisk>& ModelCounters::of(const Guest& guest) const {
    static const std::vector<ModelDisk> none;
    const auto found = models_.find(guest.domid);
    return found != models_.end() && found->second.uuid == guest.uuid ? found->second.known : none;
}

void ModelCounters::keep(const std::vector<DomId>& guests) {
    std::erase_if(models_, [&](const auto& each) {
        return !each.second.question && !std::ranges::binary_search(guests, each.first);
    });
}

/// All that there is to say at once: the device model takes it in turn.
void ModelCounters::ask(DomId domid, Model& model) {
    if (asked_ >= limits::models_asked) return;
    const auto text =
        fmt::format("{{\"execute\":\"qmp_capabilities\"}}\n{{\"execute\":\"{}\"}}\n", disks_question);
    auto socket = connect_to_model(measuring_socket(domid, folder_));
    model.answers = model.answers && socket;
    if (!socket || ::send(socket->get(), text.data(), text.size(), MSG_NOSIGNAL) != std::ssize(text)) return;
    model.question = std::make_unique<Question>(Question{.asked = core_.now(), .socket = *std::move(socket)});
    ++asked_;
    auto& question = *model.question;
    question.watch = core_.watch(question.socket.get(), POLLIN, [this, domid](short) { listen(domid); });
    question.deadline =
        core_.call_at(core_.now() + limits::qmp_answer, [this, domid] { end(models_.at(domid), false); });
}

void ModelCounters::listen(DomId domid) {
    auto& model = models_.at(domid);
    auto& [asked, socket, watch, deadline, received, waits] = *model.question;
    std::array<char, 16 * 1024> bytes;
    const auto got = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0 || received.size() > limits::qmp_bytes) return end(model, false);
    received.append(bytes.data(), static_cast<std::size_t>(got));
    while (const auto line = take_line(received)) {
        boost::system::error_code wrong;
        const auto value = json::parse(*line, wrong);
        const auto* const said = wrong ? nullptr : value.if_object();
        if (!said || said->contains("error")) return end(model, false);
        // Everything else is its greeting, its readiness or an event.
        const auto* const answer = said->if_contains("return");
        if (!answer || !answer->is_array()) continue;
        model.known = read_model_disks(*answer);
        return end(model, true);
    }
}

/// Those who wait go on in a step of their own.
void ModelCounters::end(Model& model, bool answered) {
    const auto question = std::exchange(model.question, nullptr);
    if (!question) return;
    --asked_;
    model.answers = answered;
    core_.unwatch(question->watch);
    core_.cancel(question->deadline);
    for (const auto& wait : question->waits)
        if (--wait->left == 0) core_.post([wait] { wait->done.set(true); });
}

}  // namespace virtlight::xenlight
