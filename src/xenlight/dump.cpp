// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/dump.hpp"

#include <cerrno>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/limits.hpp"

namespace virtlight::xenlight {
namespace {

using async::Task;
using hypervisor::DomId;
using hypervisor::ImageWriter;
using hypervisor::Operation;

/// The pipe that libxl takes for a file. libxl opens it by its name in /proc for reading as well, and
/// children of libxl's may inherit that: so its end is never seen, and is told beside it.
class CorePipe {
 public:
    static Result<std::shared_ptr<const CorePipe>> open() {
        auto ends = make_pipe(O_NONBLOCK);
        if (!ends) return std::unexpected(std::move(ends.error()));
        Fd ended(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        Fd dropped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!ended || !dropped) return fail_errno(errno, "cannot make an eventfd");
        // As much as is moved at a time; less will do.
        ::fcntl(ends->second.get(), F_SETPIPE_SZ, static_cast<int>(limits::image_chunk));
        return std::make_shared<const CorePipe>(std::move(*ends), std::move(ended), std::move(dropped));
    }
    CorePipe(std::pair<Fd, Fd> ends, Fd ended, Fd dropped)
        : ends_(std::move(ends)), ended_(std::move(ended)), dropped_(std::move(dropped)) {}

    std::string name() const { return fmt::format("/proc/self/fd/{}", ends_.second.get()); }
    /// libxl writes no more.
    void end() const { ::eventfd_write(ended_.get(), 1); }
    /// The core is of no more use: who writes the file has nothing more to read.
    void drop() const { ::eventfd_write(dropped_.get(), 1); }

    enum class Reader { keeps, drops };
    /// Waits for bytes: empty at the end, and, for one who keeps them, when the core is dropped.
    std::string_view read(std::span<char> chunk, Reader reader) const {
        constexpr int never = -1;
        const bool keeps = reader == Reader::keeps;
        for (;;) {
            pollfd any[] = {{.fd = ends_.first.get(), .events = POLLIN, .revents = 0},
                            {.fd = ended_.get(), .events = POLLIN, .revents = 0},
                            {.fd = keeps ? dropped_.get() : never, .events = POLLIN, .revents = 0}};
            ::poll(any, std::size(any), -1);
            if (any[2].revents != 0) return {};
            // In this order: what was written before the end is there when the end is.
            const auto n = ::read(ends_.first.get(), chunk.data(), chunk.size());
            if (n > 0) return {chunk.data(), static_cast<std::size_t>(n)};
            if (any[1].revents != 0) return {};
        }
    }

 private:
    std::pair<Fd, Fd> ends_;
    Fd ended_;
    Fd dropped_;
};

/// With libxl as long as it writes.
class Writing {
 public:
    explicit Writing(std::shared_ptr<const CorePipe> pipe) : pipe_(std::move(pipe)) {}
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;
    ~Writing() { pipe_->end(); }

    const CorePipe& pipe() const { return *pipe_; }

 private:
    std::shared_ptr<const CorePipe> pipe_;
};

/// Blocks until libxl has ended, or the core is dropped.
Result<> receive(ImageWriter& image, const CorePipe& pipe, hypervisor::Progress* progress) {
    std::vector<char> chunk(limits::image_chunk);
    Result<> written;
    for (;;) {
        const auto bytes = pipe.read(chunk, CorePipe::Reader::keeps);
        if (bytes.empty()) return written;
        if (written) written = image.write(bytes);
        if (progress) progress->bytes += bytes.size();
    }
}

/// From now on nobody wants the core, nor waits for it. It is read to its end all the same, on another thread
/// than the file's, which may be held by that: libxl comes to its end so, with its context on loan until
/// then. The guest may go on or be destroyed meanwhile: libxl maps one page after the other to read it,
/// passes over those that are gone, and fails at worst; Xen keeps a husk of the guest while something is
/// mapped.
void drop(const std::shared_ptr<const CorePipe>& pipe, const Movers& movers) {
    pipe->drop();
    movers.threads.submit([pipe] {
        std::vector<char> chunk(limits::image_chunk);
        while (!pipe->read(chunk, CorePipe::Reader::drops).empty()) {
        }
    });
}

/// How much there will be to write, about.
Task<Result<std::uint64_t>> size_of_core(Workers::Loan worker, DomId domid, std::string what) {
    co_return co_await call(worker, [domid, what](Context& context) -> Result<std::uint64_t> {
        DomainInfo info;
        if (auto read = context.read_info(what, domid, info); !read)
            return std::unexpected(std::move(read.error()));
        return info->current_memkb * 1024;
    });
}

Operations::Start start_dumping(Workers::Loan worker, DomId domid, std::shared_ptr<const Writing> writing) {
    return [worker = std::move(worker), domid, writing = std::move(writing)](libxl_ctx* ctx,
                                                                             const libxl_asyncop_how* how) {
        return libxl_domain_core_dump(ctx, domid, writing->pipe().name().c_str(), how);
    };
}

Task<Result<>> write_core(Workers::Loan worker, Movers movers, DomId domid,
                          std::shared_ptr<ImageWriter> image, Operation operation, std::string what) {
    const auto opened = CorePipe::open();
    if (!opened) co_return std::unexpected(in_context(what, opened.error()));
    const auto pipe = *opened;
    const auto dropping = operation.cancel.on_cancel([pipe, movers] { drop(pipe, movers); });
    const auto received = movers.begin(
        [image, pipe, progress = operation.progress] { return receive(*image, *pipe, progress.get()); });
    const auto dumped = co_await worker->perform(
        {.what = what,
         .domid = domid,
         .start = start_dumping(worker, domid, std::make_shared<const Writing>(pipe)),
         .abortable = false,
         .progress = operation.progress,
         .silence = limits::dump_silence},
        operation.cancel);
    // Cancelled or given up while libxl still writes: the context stays on loan until it has ended.
    if (!dumped && dumped.error().reason == Reason::timed_out) drop(pipe, movers);
    const auto written = co_await movers.answer(
        received, dumped ? Duration(limits::save_silence) : limits::mover_goodbye, operation.cancel);
    if (operation.cancel.cancelled()) co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));
    if (!written && (dumped || written.error().reason != Reason::timed_out))
        co_return std::unexpected(of_storage(what, written.error()));
    if (!dumped) co_return dumped;
    operation.tell_stage(hypervisor::Stage::syncing);
    co_return co_await commit_image(movers, what, std::move(image), operation.cancel);
}

}  // namespace

Task<Result<std::shared_ptr<ImageWriter>>> create_core(Movers movers, std::string what,
                                                       std::filesystem::path path, Operation operation) {
    const auto creating = movers.begin(
        [path = std::move(path), bypass = operation.bypass_cache]() -> Result<std::shared_ptr<ImageWriter>> {
            auto created = ImageWriter::create(path);
            if (!created) return std::unexpected(std::move(created.error()));
            if (bypass) created->bypass_cache();
            return std::make_shared<ImageWriter>(std::move(*created));
        });
    return created(movers, std::move(what), creating, operation.cancel);
}

Task<Result<>> dump_domain(Workers::Loan worker, Movers movers, DomId domid,
                           std::shared_ptr<ImageWriter> image, hypervisor::Hold hold, Operation operation) {
    const auto what = fmt::format("dump the core of domain {}", domid);
    if (operation.cancel.cancelled()) co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));
    const auto size = co_await size_of_core(worker, domid, what);
    if (!size) co_return std::unexpected(size.error());
    if (operation.progress) operation.progress->bytes_all = *size;
    // With a file and a context: who has to wait for those lets the guest run meanwhile.
    if (hold)
        if (auto held = co_await hold(); !held) co_return held;
    co_return co_await write_core(worker, movers, domid, std::move(image), operation, what);
}

}  // namespace virtlight::xenlight
