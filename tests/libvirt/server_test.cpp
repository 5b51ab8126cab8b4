// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "async/event_loop.hpp"
#include "async/virtual_loop.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/temporary_folder.hpp"
#include "base/unix_address.hpp"
#include "libvirt/client.hpp"
#include "libvirt/event_messages.hpp"
#include "manager/fake_hypervisor.hpp"
#include "manager/memory_store.hpp"

namespace virtlight::libvirt {
namespace {

constexpr const char* small_guest =
    "<domain type='xen'><name>web</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
    "<os><type>linux</type><kernel>/boot/guest</kernel></os></domain>";

Fd listening_socket(const std::filesystem::path& path) {
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    EXPECT_EQ(UnixAddress::of(path)->bind(socket), 0);
    EXPECT_EQ(::listen(socket.get(), 16), 0);
    return socket;
}

/// A connection that says what it likes. A read that waits for long fails.
Fd connected_socket(const std::filesystem::path& path) {
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(UnixAddress::of(path)->connect(socket), 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    EXPECT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    return socket;
}

/// Sends bytes, and a descriptor with the first of them.
void send_with(const Fd& socket, View bytes, int descriptor) {
    Bytes sent(bytes.begin(), bytes.end());
    iovec part{.iov_base = sent.data(), .iov_len = sent.size()};
    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    auto* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    EXPECT_EQ(::sendmsg(socket.get(), &message, MSG_NOSIGNAL), static_cast<ssize_t>(sent.size()));
}

/// A connection of TCP that lingers: to close `held`, if it is the last of its descriptors, takes an hour, or
/// until its other end is closed.
struct Lingering {
    Fd held;
    Fd other_end;

    Lingering() {
        const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof here;
        auto* const address = reinterpret_cast<sockaddr*>(&here);
        EXPECT_EQ(::bind(listener.get(), address, size), 0);
        EXPECT_EQ(::listen(listener.get(), 1), 0);
        EXPECT_EQ(::getsockname(listener.get(), address, &size), 0);
        held = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(held.get(), address, size), 0);
        other_end = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        const linger an_hour{.l_onoff = 1, .l_linger = 3600};
        EXPECT_EQ(::setsockopt(held.get(), SOL_SOCKET, SO_LINGER, &an_hour, sizeof an_hour), 0);
        const Bytes unread(limits::read_bytes);
        while (::send(held.get(), unread.data(), unread.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
        }
    }
};

std::size_t open_descriptors() {
    const auto entries = std::filesystem::directory_iterator("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

/// A server with real sockets on a thread of its own, as in the daemon.
class ServerTest : public testing::Test {
 protected:
    void SetUp() override {
        log::set_level(log::Level::error);
        thread_ = std::thread([this] { core.run(); });
        on_core([this] {
            manager.emplace(core, xen, store);
            scope.spawn(begin());
        });
        settle();
    }
    void TearDown() override {
        on_core([this] { scope.spawn(end()); });
        settle();
        on_core([this] {
            server.reset();
            manager.reset();
        });
        core.stop();
        thread_.join();
    }

    async::Task<> begin() {
        const auto started = co_await manager->start_up();
        EXPECT_TRUE(started);
        server.emplace(core, *manager,
                       Server::Options{.max_clients = max_clients, .max_of_process = max_of_process});
        EXPECT_TRUE(server->listen(listening_socket(path()), false));
        EXPECT_TRUE(server->listen(listening_socket(read_only_path()), true));
    }
    async::Task<> end() {
        co_await manager->shut_down();
        co_await server->shut_down();
    }

    /// Runs a step on the core thread and waits for it.
    void on_core(std::function<void()> step) {
        std::promise<void> done;
        core.post([&] {
            step();
            done.set_value();
        });
        done.get_future().wait();
    }
    /// Waits until something is true on the core thread.
    bool wait_until(std::function<bool()> condition) {
        const auto deadline = Clock::now() + seconds(20);
        while (Clock::now() < deadline) {
            bool is = false;
            on_core([&] { is = condition(); });
            if (is) return true;
            std::this_thread::yield();
        }
        return false;
    }
    void settle() {
        EXPECT_TRUE(wait_until([this] { return scope.in_flight() == 0; }));
    }
    std::filesystem::path path() const { return folder_.path() / "socket"; }
    std::filesystem::path read_only_path() const { return folder_.path() / "socket-ro"; }

    Fd raw_connection() const { return connected_socket(path()); }
    static void send(const Fd& socket, View bytes) {
        EXPECT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    /// What comes until the other end closes.
    static Bytes read_to_end(const Fd& socket) {
        Bytes all;
        std::array<std::uint8_t, 4096> buffer;
        while (true) {
            const auto got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
            if (got < 0) EXPECT_NE(errno, EAGAIN) << "the other end does not close";
            if (got <= 0) return all;
            all.insert(all.end(), buffer.begin(), buffer.begin() + got);
        }
    }
    /// An empty one when the other end closes, or says nothing for long.
    static Packet next_packet(const Fd& socket, Framer& framer) {
        while (true) {
            if (const auto packet = *framer.next()) return *packet;
            std::array<std::uint8_t, 4096> buffer;
            const auto got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
            if (got <= 0) return {};
            framer.add(View(buffer).first(static_cast<std::size_t>(got)));
        }
    }

    static constexpr std::size_t max_clients = 8;
    std::size_t max_of_process = max_clients;  ///< for the server that begins next
    async::EventLoop core{"core"};
    manager::MemoryStore store{core};
    manager::FakeHypervisor xen{core};
    std::optional<manager::Manager> manager;
    std::optional<Server> server;
    async::Scope scope;

 private:
    test::TemporaryFolder folder_;
    std::thread thread_;
};

TEST_F(ServerTest, ServesAClient) {
    auto client = Client::connect(path());
    ASSERT_TRUE(client);
    EXPECT_EQ(client->call<std::string>(3), "Xen");
    const auto dom = client->call<Domain>(11, std::string(small_guest));
    ASSERT_TRUE(dom);
    EXPECT_TRUE(client->call<void>(9, *dom));
    EXPECT_EQ(client->call<StateReply>(212, DomainFlags{*dom})->state, 1);
    EXPECT_EQ(client->call<Domain>(23, std::string("none")).error().reason, Reason::no_domain);
}

TEST_F(ServerTest, ServesManyClientsAtATime) {
    std::vector<Client> clients;
    for (int i = 0; i < 5; ++i)
        clients.push_back(Client::connect(path()).value());
    for (auto& client : clients)
        EXPECT_EQ(client.call<std::string>(110), "xen:///system");
}

TEST_F(ServerTest, LetsClientsOfTheReadOnlySocketOnlyLook) {
    auto client = Client::connect(read_only_path());
    ASSERT_TRUE(client);
    EXPECT_EQ(client->call<std::string>(3), "Xen");
    EXPECT_EQ(client->call<Domain>(11, std::string(small_guest)).error().reason, Reason::access_denied);
}

TEST_F(ServerTest, AnswersOthersWhileAnOperationHangs) {
    auto busy = Client::connect(path()).value();
    const auto dom = busy.call<Domain>(11, std::string(small_guest)).value();
    on_core([this] { xen.hold("create"); });
    auto start = std::async(std::launch::async, [&] { return busy.call<void>(9, dom); });
    EXPECT_TRUE(wait_until([this] { return xen.count("create") == 1; }));

    auto other = Client::connect(path()).value();
    EXPECT_EQ(other.call<DomainList>(273, ListAllArgs{1, 0})->count, 2);
    on_core([this] { xen.release("create"); });
    EXPECT_TRUE(start.get());
}

TEST_F(ServerTest, LetsAnOperationGoOnWhenItsClientLeaves) {
    auto other = Client::connect(path()).value();
    const auto dom = other.call<Domain>(11, std::string(small_guest)).value();
    on_core([this] { xen.hold("create"); });
    {
        const auto leaving = raw_connection();
        Bytes packets;
        append_packet(packets, {.program = program::remote, .procedure = 1}, *encode(OpenArgs()));
        append_packet(packets, {.program = program::remote, .procedure = 9}, *encode(dom));
        send(leaving, packets);
        EXPECT_TRUE(wait_until([this] { return xen.count("create") == 1; }));
    }
    EXPECT_TRUE(wait_until([this] { return server->clients() == 1; }));
    on_core([this] { xen.release("create"); });
    EXPECT_TRUE(wait_until([&] { return manager->find(dom.uuid)->status.active(); }));
}

TEST_F(ServerTest, ClosesTheConnectionThatSaysGoodBye) {
    const auto socket = raw_connection();
    Bytes packets;
    append_packet(packets, {.program = program::remote, .procedure = 1}, *encode(OpenArgs()));
    append_packet(packets, {.program = program::remote, .procedure = 2, .serial = 2}, {});
    append_packet(packets, {.program = program::remote, .procedure = 3, .serial = 3}, {});
    send(socket, packets);
    const auto answers = read_to_end(socket);
    EXPECT_EQ(answers.size(), 2 * (length_bytes + header_bytes));
}

TEST_F(ServerTest, ClosesTheConnectionThatSpeaksAnotherLanguage) {
    const auto socket = raw_connection();
    const std::string garbage = "GET / HTTP/1.1\r\n\r\n";
    send(socket, Bytes(garbage.begin(), garbage.end()));
    EXPECT_TRUE(read_to_end(socket).empty());
    EXPECT_TRUE(wait_until([this] { return server->clients() == 0; }));
}

TEST_F(ServerTest, TurnsAwayOneClientTooMany) {
    std::vector<Client> clients;
    for (std::size_t i = 0; i < max_clients; ++i)
        clients.push_back(Client::connect(path()).value());
    EXPECT_TRUE(read_to_end(raw_connection()).empty());
    clients.pop_back();
    EXPECT_TRUE(wait_until([this] { return server->clients() < max_clients; }));
    EXPECT_TRUE(Client::connect(path()));
}

/// With another process, which asks the server something when it is told to.
class ServerOfTwoProcessesTest : public ServerTest {
 protected:
    ServerOfTwoProcessesTest() {
        max_of_process = max_clients - 1;
        another_ = ::fork();  // before there are threads
        if (another_ == 0) ::_exit(asks_when_told() ? 0 : 1);
        told_->first.reset();
    }

    /// Whether the other process is answered.
    bool answers_another_process() {
        const char byte = 0;
        EXPECT_EQ(::write(told_->second.get(), &byte, sizeof byte), 1);
        int status = -1;
        ::waitpid(another_, &status, 0);
        return status == 0;
    }

 private:
    bool asks_when_told() {
        told_->second.reset();
        char byte = 0;
        if (::read(told_->first.get(), &byte, sizeof byte) != 1) return false;
        const auto socket = connected_socket(path());
        Bytes asked;
        append_packet(asked, {.program = program::remote, .procedure = 66}, {});
        send(socket, asked);
        return ::recv(socket.get(), &byte, sizeof byte, 0) == 1;
    }

    Result<std::pair<Fd, Fd>> told_ = make_pipe();
    pid_t another_ = -1;
};

TEST_F(ServerOfTwoProcessesTest, LeavesRoomForOthersWhereOneForgetsToCloseItsConnections) {
    std::vector<Client> forgotten;
    for (std::size_t i = 0; i < max_of_process; ++i)
        forgotten.push_back(Client::connect(path()).value());
    EXPECT_TRUE(read_to_end(raw_connection()).empty());
    EXPECT_TRUE(answers_another_process());
    forgotten.pop_back();
    EXPECT_TRUE(wait_until([this] { return server->clients() < max_of_process; }));
    EXPECT_TRUE(Client::connect(path()));
}

TEST_F(ServerTest, SendsEventsToThoseWhoAskedForThem) {
    const auto listening = raw_connection();
    Bytes packets;
    append_packet(packets, {.program = program::remote, .procedure = 1}, *encode(OpenArgs()));
    append_packet(packets, {.program = program::remote, .procedure = 316}, *encode(RegisterArgs<Domain>()));
    send(listening, packets);

    Framer framer;
    EXPECT_EQ(next_packet(listening, framer).header.procedure, 1);
    EXPECT_EQ(next_packet(listening, framer).header.procedure, 316);
    auto acting = Client::connect(path()).value();
    const auto dom = acting.call<Domain>(11, std::string(small_guest)).value();

    const auto message = next_packet(listening, framer);
    EXPECT_EQ(message.header.procedure, 318);
    const auto event = decode<CallbackMessage<LifecycleMessage>>(message.payload).value();
    EXPECT_EQ(event.event, (LifecycleMessage{.dom = dom, .event = 0, .detail = 0}));
}

TEST_F(ServerTest, TellsWhatBecomesOfTheHostsDevicesWhileAClientWantsToKnow) {
    auto listening = raw_connection();
    Bytes packets;
    append_packet(packets, {.program = program::remote, .procedure = 1}, *encode(OpenArgs()));
    append_packet(packets, {.program = program::remote, .procedure = 374},
                  *encode(RegisterArgs<std::string>()));
    send(listening, packets);
    Framer framer;
    EXPECT_EQ(next_packet(listening, framer).header.procedure, 1);
    EXPECT_EQ(next_packet(listening, framer).header.procedure, 374);

    on_core([this] {
        xen.others = {{"/sys/devices/virtual/net/lo", "", hypervisor::HostInterface{"lo"}}};
        xen.host_devices_again();
    });
    const auto message = next_packet(listening, framer);
    EXPECT_EQ(message.header.procedure, 376);
    const auto event = decode<CallbackMessage<NodeDeviceMessage>>(message.payload).value();
    EXPECT_EQ(event.event, (NodeDeviceMessage{.device = "net_lo"}));

    listening.reset();
    EXPECT_TRUE(wait_until([this] { return server->clients() == 0; }));
    on_core([this] { xen.host_devices_again(); });
    EXPECT_TRUE(wait_until([this] { return !xen.host_devices_again; }));
}

TEST_F(ServerTest, ClosesDescriptorsThatAreSentAlong) {
    auto settled = Client::connect(path()).value();
    const auto before = open_descriptors();
    {
        const auto socket = raw_connection();
        Bytes packets;
        append_packet(packets, {.program = program::remote, .procedure = 1}, *encode(OpenArgs()));
        append_packet(packets,
                      {.program = program::remote, .procedure = 3, .type = MessageType::call_with_fds},
                      *encode(std::uint32_t{1}));
        send(socket, packets);
        send_with(socket, Bytes{0}, STDERR_FILENO);
        packets.clear();
        append_packet(packets, {.program = program::remote, .procedure = 2, .serial = 2}, {});
        send(socket, packets);
        EXPECT_EQ(read_to_end(socket).size(), 3 * (length_bytes + header_bytes) + 8);
    }
    EXPECT_TRUE(wait_until([&] { return server->clients() == 1; }));
    EXPECT_TRUE(wait_until([&] { return open_descriptors() == before; }));
}

TEST_F(ServerTest, IsNotHeldUpByADescriptorThatTakesLongToClose) {
    const auto before = open_descriptors();
    {
        Lingering slow;
        const auto socket = raw_connection();
        Bytes packets;
        append_packet(packets, {.program = program::remote, .procedure = 1}, *encode(OpenArgs()));
        // The server is to have the last one of them.
        on_core([&] {
            send_with(socket, packets, slow.held.get());
            slow.held.reset();
        });
        packets.clear();
        append_packet(packets, {.program = program::remote, .procedure = 2, .serial = 2}, {});
        send(socket, packets);
        EXPECT_EQ(read_to_end(socket).size(), 2 * (length_bytes + header_bytes));
    }
    EXPECT_TRUE(wait_until([&] { return open_descriptors() == before; }));
}

TEST_F(ServerTest, IsNotHeldUpByADescriptorThatLiesUnreadInAConnection) {
    std::vector<Client> others;
    for (std::size_t i = 1; i < max_clients; ++i)
        others.push_back(Client::connect(path()).value());
    const auto last = raw_connection();
    EXPECT_TRUE(wait_until([this] { return server->clients() == max_clients; }));
    Lingering slow;
    Fd turned_away;
    // All of it before the server sees that there is another client.
    on_core([&] {
        turned_away = raw_connection();
        send_with(turned_away, Bytes{0}, slow.held.get());
        slow.held.reset();
    });
    EXPECT_TRUE(read_to_end(turned_away).empty());
    Bytes packets;
    append_packet(packets, {.program = program::remote, .procedure = 1}, *encode(OpenArgs()));
    append_packet(packets, {.program = program::remote, .procedure = 2, .serial = 2}, {});
    send(last, packets);
    EXPECT_EQ(read_to_end(last).size(), 2 * (length_bytes + header_bytes));
}

TEST_F(ServerTest, TellsClientsAtTheEndWhatBecameOfTheirOperations) {
    auto client = Client::connect(path()).value();
    const auto dom = client.call<Domain>(11, std::string(small_guest)).value();
    on_core([this] { xen.hold("create"); });
    auto start = std::async(std::launch::async, [&] { return client.call<void>(9, dom); });
    EXPECT_TRUE(wait_until([this] { return xen.count("create") == 1; }));
    on_core([this] { scope.spawn(end()); });
    EXPECT_EQ(start.get().error().reason, Reason::cancelled);
    settle();
    EXPECT_EQ(client.call<std::string>(3).error().reason, Reason::io);
}

/// Virtual time with real descriptors, which are looked at whenever nothing else is to be done now.
class VirtualFdLoop final : public async::FdScheduler {
 public:
    Time now() const override { return loop_.now(); }
    void post(async::Work work) override { loop_.post(std::move(work)); }
    async::TimerId call_at(Time due, async::Work work) override {
        return loop_.call_at(due, std::move(work));
    }
    void cancel(async::TimerId id) override { loop_.cancel(id); }
    async::WatchId watch(int fd, short events, Ready ready) override {
        const auto id = ids_.next();
        watches_[id] = {fd, events, std::make_shared<Ready>(std::move(ready))};
        return id;
    }
    void rewatch(async::WatchId id, short events) override { watches_.at(id).events = events; }
    void unwatch(async::WatchId id) override { watches_.erase(id); }

    void run_for(Duration duration) {
        const auto until = now() + duration;
        do {
            while (loop_.step(now()) || deliver()) {
            }
        } while (loop_.step(until));
        loop_.run_for(until - now());
    }

 private:
    struct Watch {
        int fd = -1;
        short events = 0;
        std::shared_ptr<Ready> ready;
    };

    bool deliver() {
        for (const auto& [id, watch] : watches_) {
            pollfd polled{.fd = watch.fd, .events = watch.events, .revents = 0};
            if (watch.events == 0 || ::poll(&polled, 1, 0) != 1) continue;
            const auto ready = watch.ready;
            (*ready)(polled.revents);
            return true;
        }
        return false;
    }

    async::VirtualLoop loop_;
    IdSource<async::WatchTag> ids_;
    std::map<async::WatchId, Watch> watches_;
};

/// What a server does as time passes.
class ServerInTimeTest : public testing::Test {
 protected:
    void SetUp() override {
        log::set_level(log::Level::error);
        scope_.spawn(begin());
        loop.run_for(milliseconds(1));
    }
    void TearDown() override {
        scope_.spawn(end());
        loop.run_for(milliseconds(1));
    }
    async::Task<> begin() { EXPECT_TRUE(co_await manager.start_up()); }
    async::Task<> end() {
        co_await manager.shut_down();
        co_await server.shut_down();
    }
    /// What the server has sent by now.
    static std::size_t received(const Fd& socket) {
        std::array<std::uint8_t, 4096> buffer;
        const auto got = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        return got > 0 ? static_cast<std::size_t>(got) : 0;
    }

    test::TemporaryFolder folder;
    VirtualFdLoop loop;
    manager::MemoryStore store{loop};
    manager::FakeHypervisor xen{loop};
    manager::Manager manager{loop, xen, store};
    Server server{loop, manager};

 private:
    async::Scope scope_;
};

TEST_F(ServerInTimeTest, AsksForSignsOfLifeAndDropsWhoGivesNone) {
    ASSERT_TRUE(server.listen(listening_socket(folder.path() / "socket"), false));
    const auto socket = connected_socket(folder.path() / "socket");
    Bytes packets;
    append_packet(packets, {.program = program::remote, .procedure = 1}, *encode(OpenArgs()));
    append_packet(packets, {.program = program::remote, .procedure = 60}, *encode(std::int32_t{10}));
    ASSERT_EQ(::send(socket.get(), packets.data(), packets.size(), 0), static_cast<ssize_t>(packets.size()));
    loop.run_for(limits::keepalive_interval - milliseconds(1));
    EXPECT_GT(received(socket), 0);
    EXPECT_EQ(received(socket), 0);
    for (int i = 0; i < limits::keepalive_count; ++i) {
        loop.run_for(limits::keepalive_interval);
        EXPECT_EQ(received(socket), length_bytes + header_bytes) << i;
    }
    EXPECT_EQ(server.clients(), 1);
    loop.run_for(limits::keepalive_interval);
    EXPECT_EQ(server.clients(), 0);
}

TEST_F(ServerInTimeTest, DropsWhoConnectsAndSaysNothing) {
    ASSERT_TRUE(server.listen(listening_socket(folder.path() / "socket"), false));
    const auto silent = connected_socket(folder.path() / "socket");
    loop.run_for(limits::open_wait - milliseconds(1));
    EXPECT_EQ(server.clients(), 1);
    loop.run_for(milliseconds(1));
    EXPECT_EQ(server.clients(), 0);
}

TEST_F(ServerInTimeTest, TellsOfASocketThatTakesNoClientsAndRestsBetween) {
    Fd does_not_listen(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ASSERT_TRUE(server.listen(std::move(does_not_listen), false));
    testing::internal::CaptureStderr();
    loop.run_for(limits::accept_rest * 3 - milliseconds(1));
    const auto told = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::ranges::count(told, '\n'), 3) << told;
    EXPECT_THAT(told, testing::HasSubstr("cannot accept a client: Invalid argument"));
}

/// The deadline of something that is to be given up soon.
Time soon() {
    return Clock::now() + milliseconds(50);
}

TEST(ClientConnect, WaitsNoLongerThanItMayForADaemonThatDoesNotAnswer) {
    const test::TemporaryFolder folder;
    const auto silent = listening_socket(folder.path() / "socket");
    const auto client = Client::connect(folder.path() / "socket", true, soon());
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().reason, Reason::timed_out);
}

TEST(ClientConnect, WaitsNoLongerThanItMayForARoomInAFullQueue) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "socket";
    const auto silent = listening_socket(path);
    ASSERT_EQ(::listen(silent.get(), 0), 0);
    const auto waiting = connected_socket(path);
    const auto client = Client::connect(path, true, soon());
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().reason, Reason::timed_out);
    EXPECT_THAT(client.error().message, testing::HasSubstr("takes no more clients"));
}

TEST(ClientConnect, SaysWhereNobodyListens) {
    const auto client = Client::connect("/nonexistent/socket");
    EXPECT_EQ(client.error().reason, Reason::io);
    EXPECT_THAT(client.error().message, testing::HasSubstr("/nonexistent/socket"));
    EXPECT_EQ(Client::connect(std::string(200, 'x')).error().reason, Reason::invalid_argument);
}

}  // namespace
}  // namespace virtlight::libvirt
