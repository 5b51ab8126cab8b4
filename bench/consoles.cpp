// SPDX-License-Identifier: LGPL-2.1-or-later
// A guest's console through virtlightd, against the least that could do it in the same run: how much reaches
// ten viewers, and how long a key that is pressed takes until its echo is seen. Run:
// build/release/bin/bench_consoles
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "async/event_loop.hpp"
#include "base/file.hpp"
#include "cli/domains.hpp"
#include "cli/waits.hpp"
#include "libvirt/client_stream.hpp"
#include "libvirt/messages.hpp"
#include "libvirt/own_messages.hpp"
#include "simulated/console_pty.hpp"

namespace {

using namespace virtlight;

constexpr std::size_t viewers = 10;
constexpr auto warm_up = seconds(1);
constexpr auto measured = seconds(4);
constexpr int keys = 2000;
constexpr double flood = 1e9;  // bytes per second: more than there can be

template <class Value>
Value must(Result<Value> result) {
    if (result) return *std::move(result);
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
}

void must(const Result<>& result) {
    if (!result) must<int>(std::unexpected(result.error()));
}

/// A virtlightd over the simulated hypervisor, with two guests: "loud" writes without end, "shell" echoes.
class Daemon {
 public:
    explicit Daemon(const std::filesystem::path& program) {
        const auto folder = root_.string();
        const std::array<const char*, 7> words = {program.c_str(), "--hypervisor", "simulated", "--root",
                                                  folder.c_str(),  "--log-level",  "warning"};
        std::vector<char*> arguments;
        for (const char* word : words)
            arguments.push_back(const_cast<char*>(word));
        arguments.push_back(nullptr);
        if (::posix_spawn(&pid_, program.c_str(), nullptr, nullptr, arguments.data(), environ) != 0)
            must(fail(Reason::io, "cannot run {}", program.string()));
        must(cli::wait_ready(socket(), seconds(10), false));
        create("loud", fmt::format("sim:console-flood={}", flood));
        create("shell", "");
    }
    ~Daemon() {
        ::kill(pid_, SIGTERM);
        ::waitpid(pid_, nullptr, 0);
        std::error_code none;
        std::filesystem::remove_all(root_, none);
    }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    libvirt::ClientStream open(const std::string& guest, bool writes) const {
        auto client = must(libvirt::Client::connect(socket()));
        const auto uuid = must(cli::find_domain(client, guest));
        return must(
            libvirt::ClientStream::open(std::move(client), libvirt::own::watch_console,
                                        libvirt::WatchConsoleArgs{.uuid = uuid, .access = writes ? 1U : 0U}));
    }

 private:
    std::filesystem::path socket() const { return root_ / "run/virtlightd.sock"; }

    void create(const std::string& name, const std::string& words) const {
        auto client = must(libvirt::Client::connect(socket()));
        constexpr std::int32_t create_xml = 10;
        const auto xml = fmt::format(
            "<domain type='xen'><name>{}</name><memory>65536</memory><os><type>linux</type>"
            "<kernel>/proc/self/exe</kernel><cmdline>{}</cmdline></os></domain>",
            name, words);
        must(client.call<libvirt::Domain>(create_xml, libvirt::TextFlags{.text = xml}));
    }

    std::filesystem::path root_ =
        std::filesystem::temp_directory_path() / fmt::format("virtlight-bench-{}", ::getpid());
    pid_t pid_ = 0;
};

/// The same simulated guest, and nobody between it and the one who uses its tty; on a thread of its own.
class Bare {
 public:
    explicit Bare(double bytes_per_second) : guest_(must(simulated::ConsolePty::open(loop_))) {
        tty_ = Fd(::open(guest_->tty().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
        termios raw{};
        ::tcgetattr(tty_.get(), &raw);
        ::cfmakeraw(&raw);
        ::tcsetattr(tty_.get(), TCSANOW, &raw);
        guest_->listen(true);
        guest_->flood(bytes_per_second);
    }
    ~Bare() {
        loop_.post([this] { loop_.stop(); });
        thread_.join();
        loop_.unwatch(copying_);
        guest_.reset();
    }
    Bare(const Bare&) = delete;
    Bare& operator=(const Bare&) = delete;

    int tty() const { return tty_.get(); }
    void run() {
        thread_ = std::thread([this] { loop_.run(); });
    }
    /// Copies what the guest writes to all of these, as they take it.
    void copy_to(std::vector<int> sockets) {
        copying_ = loop_.watch(tty_.get(), POLLIN, [this, sockets = std::move(sockets)](short) {
            std::array<char, 64 * 1024> buffer;
            const auto n = ::read(tty_.get(), buffer.data(), buffer.size());
            for (const int socket : sockets)
                if (n > 0 && ::write(socket, buffer.data(), static_cast<std::size_t>(n)) != n) loop_.stop();
        });
    }

 private:
    async::EventLoop loop_{"bare"};
    std::unique_ptr<simulated::ConsolePty> guest_;
    Fd tty_;
    async::WatchId copying_;
    std::thread thread_;
};

/// Reads all of them for a while; `read` takes what one has and says how much. Returns bytes a second of all
/// together.
double rate(const std::vector<int>& descriptors, const std::function<std::size_t(std::size_t)>& read) {
    std::vector<pollfd> waiting;
    for (const int fd : descriptors)
        waiting.push_back({fd, POLLIN, 0});
    const auto begin = Clock::now() + warm_up;
    std::size_t bytes = 0;
    for (auto now = Clock::now(); now < begin + measured; now = Clock::now()) {
        ::poll(waiting.data(), waiting.size(), 1000);
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            if (waiting[i].revents == 0) continue;
            const auto n = read(i);
            if (now >= begin) bytes += n;
        }
    }
    return static_cast<double>(bytes) / std::chrono::duration<double>(measured).count();
}

double throughput_through(const Daemon& daemon) {
    std::vector<libvirt::ClientStream> streams;
    std::vector<int> descriptors;
    for (std::size_t i = 0; i < viewers; ++i) {
        streams.push_back(daemon.open("loud", false));
        descriptors.push_back(streams.back().descriptor());
    }
    return rate(descriptors, [&](std::size_t i) { return must(streams[i].receive()).size(); });
}

double throughput_bare() {
    std::vector<Fd> ours;
    std::vector<Fd> theirs;
    std::vector<int> from, to;
    for (std::size_t i = 0; i < viewers; ++i) {
        int pair[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) std::abort();
        from.push_back(ours.emplace_back(pair[0]).get());
        to.push_back(theirs.emplace_back(pair[1]).get());
    }
    Bare bare(flood);
    bare.copy_to(to);
    bare.run();
    std::array<char, 64 * 1024> buffer;
    const auto result = rate(from, [&](std::size_t i) {
        return static_cast<std::size_t>(::recv(from[i], buffer.data(), buffer.size(), 0));
    });
    // The copy loop may be waiting for a reader, none of which is there any more.
    for (const int socket : to)
        ::shutdown(socket, SHUT_RDWR);
    return result;
}

/// The median, in microseconds, of the time from press() until echo() has seen something.
double latency(const std::function<void()>& press, const std::function<void()>& echo) {
    std::vector<double> all;
    for (int i = 0; i < keys; ++i) {
        const auto begin = Clock::now();
        press();
        echo();
        all.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    }
    std::ranges::nth_element(all, all.begin() + keys / 2);
    return all[keys / 2];
}

void wait_readable(int fd) {
    pollfd waiting{fd, POLLIN, 0};
    if (::poll(&waiting, 1, 10'000) != 1) must(fail(Reason::timed_out, "no echo within 10 s"));
}

double latency_through(const Daemon& daemon) {
    auto stream = daemon.open("shell", true);
    const auto read = [&] {
        while (must(stream.receive()).empty())
            wait_readable(stream.descriptor());
    };
    read();  // the boot's text
    const std::uint8_t key = 0x78;
    return latency([&] { must(stream.send(std::span(&key, 1))); }, read);
}

double latency_bare() {
    Bare bare(0);
    bare.run();
    std::array<char, 4096> buffer;
    return latency([&] { std::ignore = ::write(bare.tty(), "x", 1); },
                   [&] {
                       wait_readable(bare.tty());
                       std::ignore = ::read(bare.tty(), buffer.data(), buffer.size());
                   });
}

}  // namespace

int main(int, char** argv) {
    ::signal(SIGPIPE, SIG_IGN);
    const auto bin = std::filesystem::absolute(argv[0]).parent_path();
    const Daemon daemon(bin / "virtlightd");
    const double bare = throughput_bare();
    const double ours = throughput_through(daemon);
    std::printf("to %zu viewers, MB/s together:  virtlightd %.0f, a bare copy loop %.0f: ratio %.2f\n",
                viewers, ours / 1e6, bare / 1e6, ours / bare);
    const double direct = latency_bare();
    const double through = latency_through(daemon);
    std::printf("key to echo, median of %d:      virtlightd %.0f us, the tty itself %.0f us: added %.0f us\n",
                keys, through, direct, through - direct);
}
