// SPDX-License-Identifier: LGPL-2.1-or-later
#include <bit>
#include <concepts>

#include "base/limits.hpp"
#include "console/ring.hpp"

// The image of a ring: numbers little-endian, strings behind their length.
//
//     "VLconsol" u32 version
//     u32 n, n boots: u64 number, i64 began, u64 from, u64 to, string first bytes, string last bytes
//     u32 n, n spans: u64 from, i64 first, i64 last
//     u32 n, n marks: u8 kind, u64 at, i64 time
//     u64 checksum of all before it

namespace virtlight::console {
namespace {

constexpr std::string_view magic = "VLconsol";
constexpr std::uint32_t version = 1;

/// FNV-1a: against accidents, not against malice.
std::uint64_t checksum(std::string_view bytes) {
    std::uint64_t sum = 0xcbf29ce484222325;
    for (const char c : bytes)
        sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return sum;
}

template <std::unsigned_integral T>
void put(std::string& out, T value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
        out += static_cast<char>(value >> 8 * i & 0xff);
}

void put(std::string& out, WallTime time) {
    put(out, std::bit_cast<std::uint64_t>(std::int64_t{time.time_since_epoch().count()}));
}

std::uint32_t count(const auto& things) {
    return static_cast<std::uint32_t>(std::size(things));
}

/// What is held of a boot in the range, which has no gap.
void put(std::string& out, const Boot& boot, Range range) {
    put(out, static_cast<std::uint32_t>(range.size()));
    while (!range.empty()) {
        const auto piece = boot.view(range.from).substr(0, range.size());
        out += piece;
        range.from += piece.size();
    }
}

/// Takes an image apart. What is not there reads as zeros and is remembered, to be asked for once at the end.
class Reader {
 public:
    explicit Reader(std::string_view image) : rest_(image) {}

    std::string_view bytes(std::size_t size) {
        if (size > rest_.size()) {
            short_ = true;
            rest_ = {};
        }
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(taken.size());
        return taken;
    }

    template <std::unsigned_integral T>
    T number() {
        T value = 0;
        unsigned shift = 0;
        for (const char c : bytes(sizeof value)) {
            value = static_cast<T>(value | T{static_cast<unsigned char>(c)} << shift);
            shift += 8;
        }
        return value;
    }

    WallTime time() {
        return WallTime(WallTime::duration(std::bit_cast<std::int64_t>(number<std::uint64_t>())));
    }

    std::string_view string() { return bytes(number<std::uint32_t>()); }

    /// How many things follow: none if that is more than there may be.
    std::uint32_t count(std::size_t limit) {
        const auto n = number<std::uint32_t>();
        if (n <= limit) return n;
        short_ = true;
        return 0;
    }

    bool all_read() const { return !short_ && rest_.empty(); }

 private:
    std::string_view rest_;
    bool short_ = false;
};

std::unexpected<Error> refused(std::string_view why) {
    return fail(Reason::io, "a console's history cannot be read: {}", why);
}

/// Past the head of an image that is whole and of our version.
Result<Reader> open_image(std::string_view image) {
    constexpr auto checksum_size = sizeof(std::uint64_t);
    if (!image.starts_with(magic) || image.size() < magic.size() + sizeof version + checksum_size)
        return refused("it is none of ours");
    const auto body = image.substr(0, image.size() - checksum_size);
    Reader in(body.substr(magic.size()));
    if (const auto found = in.number<std::uint32_t>(); found != version)
        return refused(fmt::format("it is of version {}, not {}", found, version));
    if (Reader(image.substr(body.size())).number<std::uint64_t>() != checksum(body))
        return refused("it is damaged");
    return in;
}

Result<Boot> read_boot(Reader& in, const HistorySize& size) {
    const auto number = in.number<std::uint64_t>();
    const auto began = in.time();
    const auto from = in.number<std::uint64_t>();
    const auto to = in.number<std::uint64_t>();
    const auto first = in.string();
    const auto last = in.string();
    if (from > to || first.size() > to - from || last.size() > to - from - first.size())
        return refused("a boot holds more than was written");
    Boot boot(number, began, from, size);
    boot.append(first);
    boot.lose_up_to(to - last.size());
    boot.append(last);
    return boot;
}

Result<TimeIndex> read_times(Reader& in, Offset end) {
    std::vector<TimeIndex::Span> spans;
    for (auto n = in.count(limits::console_times); n > 0; --n) {
        const auto from = in.number<std::uint64_t>();
        const auto first = in.time();
        const auto last = in.time();
        if (from >= end || (!spans.empty() && from <= spans.back().from))
            return refused("its times do not follow each other");
        spans.push_back({from, first, last});
    }
    return TimeIndex::restored(spans);
}

Result<std::vector<Mark>> read_marks(Reader& in, Offset end) {
    std::vector<Mark> marks;
    marks.reserve(limits::console_marks);
    for (auto n = in.count(limits::console_marks); n > 0; --n) {
        const auto kind = static_cast<Mark::Kind>(in.number<std::uint8_t>());
        const auto at = in.number<std::uint64_t>();
        const auto time = in.time();
        if (kind > Mark::Kind::released || at > end) return refused("a mark stands outside of it");
        marks.push_back({kind, at, time});
    }
    return marks;
}

}  // namespace

std::string Ring::image() const {
    std::string out;
    out.reserve(memory());
    out += magic;
    put(out, version);
    put(out, count(boots_));
    for (const auto& boot : boots_) {
        put(out, boot.number());
        put(out, boot.began());
        put(out, boot.range().from);
        put(out, boot.range().to);
        put(out, boot, {boot.range().from, boot.gap().from});
        put(out, boot, {boot.gap().to, boot.range().to});
    }
    put(out, count(times_.spans()));
    for (const auto& span : times_.spans()) {
        put(out, span.from);
        put(out, span.first);
        put(out, span.last);
    }
    put(out, count(marks_));
    for (const auto& mark : marks_) {
        put(out, static_cast<std::uint8_t>(mark.kind));
        put(out, mark.at);
        put(out, mark.time);
    }
    return out;
}

void Ring::seal(std::string& image) {
    put(image, checksum(image));
}

Result<Ring> Ring::from_image(std::string_view image, const HistorySize& size) {
    auto in = open_image(image);
    if (!in) return std::unexpected(in.error());

    Ring ring(size);
    for (auto n = in->count(limits::console_boots); n > 0; --n) {
        auto boot = read_boot(*in, size);
        if (!boot) return std::unexpected(boot.error());
        if (!ring.boots_.empty()) {
            auto& before = ring.boots_.back();
            if (boot->range().from != before.range().to || boot->number() <= before.number())
                return refused("its boots do not follow each other");
            before.settle();
        }
        ring.boots_.push_back(*std::move(boot));
    }
    auto times = read_times(*in, ring.end());
    if (!times) return std::unexpected(times.error());
    ring.times_ = *std::move(times);
    auto marks = read_marks(*in, ring.end());
    if (!marks) return std::unexpected(marks.error());
    ring.marks_ = *std::move(marks);

    if (!in->all_read()) return refused("its length is wrong");
    if (!ring.boots_.empty()) ring.evict();
    return ring;
}

std::size_t Ring::longest_image(const HistorySize& size) {
    return size.bytes() + limits::console_overhead;
}

}  // namespace virtlight::console
