// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/save_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

extern "C" {
#include <xentoollog.h>
}

#include "libxl/child_calls.hpp"
#include "libxl/save_helper.hpp"

namespace virtlight::fake {
namespace {

namespace fs = std::filesystem;

/// The step at which to stop, and the one that stands at it.
const fs::path stop_file = "/run/save-process.stop";
const fs::path stopped_file = "/run/save-process.stopped";

/// The messages to libxl, by their numbers in its protocol.
enum class Told : std::uint16_t {
    log = 1,
    progress = 2,
    suspend = 3,
    static_data_done = 8,
    restore_results = 9,
    complete = 10,
};

enum class Record : std::uint32_t { end, head, page };

constexpr std::size_t pages = 4;
constexpr std::size_t page_bytes = 128 << 10;

volatile std::sig_atomic_t terminated = 0;
int stream = -1;
int unwritable = -1;

/// As libxl's own helper takes it: no write after this succeeds.
void end_writing(int) {
    terminated = 1;
    ::dup2(unwritable, stream);
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

template <class Number>
std::string_view bytes_of(const Number& number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

std::string text_of(std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size() + 1);
    return fmt::format("{}{}{}", bytes_of(size), text, '\0');
}

void tell(Told what, std::string_view arguments = {}) {
    const auto size = static_cast<std::uint16_t>(sizeof what + arguments.size());
    if (!write_all(STDOUT_FILENO, fmt::format("{}{}{}", bytes_of(size), bytes_of(what), arguments)))
        std::_Exit(EXIT_FAILURE);
}

int ask(Told what, std::string_view arguments = {}) {
    tell(what, arguments);
    int answer = 0;
    if (::read(STDIN_FILENO, &answer, sizeof answer) != sizeof answer) std::_Exit(EXIT_FAILURE);
    return answer;
}

void log(xentoollog_level level, std::string_view line) {
    tell(Told::log, fmt::format("{}{}{}{}", bytes_of(std::uint32_t{level}), bytes_of(std::int32_t{-1}),
                                text_of("helper"), text_of(line)));
}

bool is_to_stop_at(std::string_view step) {
    std::ifstream file(stop_file);
    std::string line;
    return std::getline(file, line) && line == step;
}

/// A step is behind us. Whoever has lost its parent waits no more.
void pass(std::string_view step) {
    if (!is_to_stop_at(step)) return;
    const auto draft = fmt::format("{}.{}", stopped_file.string(), ::getpid());
    std::ofstream(draft) << step << '\n' << ::getpid();
    fs::rename(draft, stopped_file);
    constexpr int interval_ms = 1;
    pollfd parent{STDOUT_FILENO, 0, 0};
    while (!terminated && is_to_stop_at(step))
        if (::poll(&parent, 1, interval_ms) > 0) std::_Exit(EXIT_FAILURE);
}

int complete(int result) {
    const int why = result == 0 ? 0 : errno;
    if (result != 0) log(XTL_ERROR, fmt::format("the stream breaks off (errno {})", why));
    ask(Told::complete, fmt::format("{}{}", bytes_of(result), bytes_of(why)));
    pass("complete");
    return EXIT_SUCCESS;
}

std::string page(std::size_t number) {
    return std::string(page_bytes, static_cast<char>('a' + number));
}

bool write_record(Record type, std::string_view body = {}) {
    const auto size = static_cast<std::uint32_t>(body.size());
    return write_all(stream, fmt::format("{}{}{}", bytes_of(type), bytes_of(size), body));
}

/// libxl may say that the guest has suspended itself when it has not: libxenguest looks.
bool suspend(unsigned domid) {
    if (ask(Told::suspend) == 0) return false;
    errno = ChildCalls::check_suspended(::getppid(), domid);
    return errno == 0;
}

bool write_memory(unsigned domid) {
    if (!write_record(Record::head)) return false;
    pass("head");
    if (!suspend(domid)) return false;
    pass("suspended");
    for (std::size_t i = 0; i < pages; ++i) {
        tell(Told::progress,
             fmt::format("{}{}{}{}", text_of("helper"), text_of("Pages"), bytes_of(i), bytes_of(pages)));
        if (!write_record(Record::page, page(i))) return false;
        pass(fmt::format("page_{}", i));
    }
    if (!write_record(Record::end)) return false;
    pass("end");
    return true;
}

std::optional<std::string> read_exactly(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t got = 0; got < size;) {
        const auto n = ::read(stream, bytes.data() + got, size - got);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = EPIPE;
        if (n <= 0) return std::nullopt;
        got += static_cast<std::size_t>(n);
    }
    return bytes;
}

/// The next record is this one.
bool read_record(Record type, std::string_view body = {}) {
    const auto size = static_cast<std::uint32_t>(body.size());
    const auto head = read_exactly(sizeof type + sizeof size);
    if (!head) return false;
    errno = EINVAL;
    return *head == fmt::format("{}{}", bytes_of(type), bytes_of(size)) && read_exactly(size) == body;
}

bool read_memory() {
    if (!read_record(Record::head)) return false;
    pass("head");
    constexpr unsigned nothing_is_missing = 0;
    if (ask(Told::static_data_done, bytes_of(nothing_is_missing)) != 0) return false;
    pass("prepared");
    for (std::size_t i = 0; i < pages; ++i) {
        if (!read_record(Record::page, page(i))) return false;
        pass(fmt::format("page_{}", i));
    }
    if (!read_record(Record::end)) return false;
    pass("end");
    return true;
}

int save(unsigned domid) {
    struct sigaction action{};
    action.sa_handler = end_writing;
    unwritable = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::sigaction(SIGTERM, &action, nullptr);
    pass("begin");
    return complete(write_memory(domid) ? 0 : -1);
}

int restore() {
    pass("begin");
    if (!read_memory()) return complete(-1);
    constexpr std::array<std::uint64_t, 2> pages_of_xenstore_and_console = {2, 1};
    tell(Told::restore_results, bytes_of(pages_of_xenstore_and_console));
    return complete(0);
}

}  // namespace

SaveProcesses::SaveProcesses() {
    fs::remove(save_helper_program);
    fs::create_symlink(fs::read_symlink("/proc/self/exe"), save_helper_program);
    fs::remove(stopped_file);
    go_on();
}

SaveProcesses::~SaveProcesses() {
    go_on();
    fs::remove(save_helper_program);
}

void SaveProcesses::stop_at(const std::string& step) {
    fs::remove(stopped_file);
    std::ofstream(stop_file) << step;
}

bool SaveProcesses::is_at(const std::string& step) {
    std::ifstream file(stopped_file);
    std::string line;
    return std::getline(file, line) && line == step;
}

void SaveProcesses::go_on() {
    fs::remove(stop_file);
}

pid_t SaveProcesses::pid() {
    std::ifstream file(stopped_file);
    std::string step;
    pid_t pid = 0;
    file >> step >> pid;
    return pid;
}

std::optional<int> serve_as_save_process(int count, char** arguments) {
    // libxl's first four: the mode, the descriptors of the stream and of an answer to it, and the domid.
    if (count < 5) return std::nullopt;
    const std::string_view mode = arguments[1];
    stream = std::atoi(arguments[2]);
    if (mode == "--save-domain") return save(static_cast<unsigned>(std::atoi(arguments[4])));
    if (mode == "--restore-domain") return restore();
    return std::nullopt;
}

}  // namespace virtlight::fake
