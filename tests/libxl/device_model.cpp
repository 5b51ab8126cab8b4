// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/device_model.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

extern "C" {
#include <xenstore.h>
}

#include "base/file.hpp"
#include "base/unix_address.hpp"

namespace virtlight::fake {
namespace {

namespace fs = std::filesystem;

const fs::path pid_file = "/run/device-model.pid";
const fs::path silence_file = "/run/device-model.silent";
const fs::path exit_file = "/run/device-model.exits";

void create(const fs::path& path) {
    std::ofstream file(path);
}

void leave_pid() {
    const auto draft = pid_file.string() + ".new";
    std::ofstream(draft) << ::getpid();
    fs::rename(draft, pid_file);
}

void be_silent() {
    constexpr auto interval = std::chrono::milliseconds(5);
    while (fs::exists(silence_file))
        std::this_thread::sleep_for(interval);
}

Fd make_socket() {
    return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

Fd listen_on(const std::string& path) {
    auto listener = make_socket();
    ::unlink(path.c_str());
    const bool good = UnixAddress::of(path)->bind(listener) == 0 && ::listen(listener.get(), SOMAXCONN) == 0;
    return good ? std::move(listener) : Fd();
}

/// Nothing is sent over it: it ends with xenstored, and the device model with it.
Fd lifeline() {
    auto connection = make_socket();
    const int failed = UnixAddress::of(::xs_daemon_socket())->connect(connection);
    return failed ? Fd() : std::move(connection);
}

class DeviceModel {
 public:
    DeviceModel(std::string domid, std::span<char* const> arguments) : domid_(std::move(domid)) {
        for (std::size_t i = 0; i + 1 < arguments.size(); ++i)
            if (std::string_view(arguments[i]) == "-serial") open_serial_port();
    }

    int serve() {
        const auto listener = listen_on("/var/run/xen/qmp-libxl-" + domid_);
        const auto xenstored = lifeline();
        if (!listener || !xenstored || !say_running()) return EXIT_FAILURE;
        std::array<pollfd, 2> waiting{{{listener.get(), POLLIN, 0}, {xenstored.get(), POLLIN, 0}}};
        for (;;) {
            ::poll(waiting.data(), waiting.size(), -1);
            if (waiting[1].revents) return EXIT_SUCCESS;
            talk(Fd(::accept(listener.get(), nullptr, nullptr)));
        }
    }

 private:
    void open_serial_port() {
        Fd master(::posix_openpt(O_RDWR | O_NOCTTY));
        std::array<char, 64> slave{};
        ::grantpt(master.get());
        ::unlockpt(master.get());
        ::ptsname_r(master.get(), slave.data(), slave.size());
        chardevs_ += fmt::format(R"({}{{"label":"serial{}","filename":"pty:{}","frontend-open":true}})",
                                 masters_.empty() ? "" : ",", masters_.size(), slave.data());
        masters_.push_back(std::move(master));
    }

    bool say_running() const {
        xs_handle* const xenstore = ::xs_open(0);
        if (!xenstore) return false;
        constexpr std::string_view running = "running";
        const auto path = fmt::format("/local/domain/0/device-model/{}/state", domid_);
        const bool written = ::xs_write(xenstore, XBT_NULL, path.c_str(), running.data(), running.size());
        ::xs_close(xenstore);
        return written;
    }

    /// A line is a request, and libxl sends one after the other.
    void talk(const Fd& client) {
        send(client, R"({"QMP":{"version":{"qemu":{"major":7,"minor":2,"micro":0},"package":""},)"
                     R"("capabilities":[]}})");
        std::string text;
        std::array<char, 4096> buffer;
        for (ssize_t n; (n = receive(client, buffer)) > 0;) {
            text.append(buffer.data(), static_cast<std::size_t>(n));
            for (std::size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1))
                answer(client, std::string_view(text).substr(0, end));
        }
    }

    /// As read(); and keeps a descriptor that comes along.
    ssize_t receive(const Fd& client, std::span<char> place) {
        iovec bytes{place.data(), place.size()};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
        msghdr message{};
        message.msg_iov = &bytes;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const auto n = ::recvmsg(client.get(), &message, MSG_CMSG_CLOEXEC);
        int passed = -1;
        if (const cmsghdr* const along = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr) {
            std::memcpy(&passed, CMSG_DATA(along), sizeof passed);
            passed_ = Fd(passed);
        }
        return n;
    }

    void answer(const Fd& client, std::string_view request) {
        constexpr std::string_view id_key = "\"id\":";
        const auto id = request.find(id_key);
        if (id == std::string_view::npos) return;
        std::string what = "{}";
        if (request.contains("query-chardev")) what = "[" + chardevs_ + "]";
        if (request.contains("add-fd")) what = R"({"fdset-id":0,"fd":0})";
        if (request.contains("xen-save-devices-state")) save_state();
        if (request.contains("query-cpus-fast")) what = R"([{"cpu-index":0}])";
        send(client, fmt::format(R"({{"return":{},"id":{}}})", what,
                                 std::strtol(request.data() + id + id_key.size(), nullptr, 10)));
    }

    /// The state of its devices goes into the image after the guest's memory.
    void save_state() {
        constexpr std::string_view state = "the state of the devices";
        std::ignore = ::write(passed_.get(), state.data(), state.size());
        passed_.reset();
    }

    static void send(const Fd& client, std::string_view line) {
        const auto text = fmt::format("{}\r\n", line);
        ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
    }

    std::string domid_;
    std::vector<Fd> masters_;
    std::string chardevs_;
    Fd passed_;
};

}  // namespace

DeviceModels::DeviceModels(DeviceModelHabit habit) {
    fs::remove(pid_file);
    if (habit == DeviceModelHabit::silent) create(silence_file);
    if (habit == DeviceModelHabit::exits) create(exit_file);
}

DeviceModels::~DeviceModels() {
    speak();
    fs::remove(exit_file);
}

void DeviceModels::speak() {
    fs::remove(silence_file);
}

pid_t DeviceModels::pid() {
    pid_t pid = 0;
    std::ifstream(pid_file) >> pid;
    return pid;
}

std::optional<int> serve_as_device_model(int count, char** arguments) {
    // libxl's first two: -xen-domid DOMID
    if (count < 3 || std::string_view(arguments[1]) != "-xen-domid") return std::nullopt;
    if (fs::exists(exit_file)) return EXIT_FAILURE;
    leave_pid();
    be_silent();
    return DeviceModel(arguments[2], {arguments, static_cast<std::size_t>(count)}).serve();
}

}  // namespace virtlight::fake
