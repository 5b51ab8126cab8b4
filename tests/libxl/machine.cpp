// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/machine.hpp"

#include <cerrno>
#include <fstream>

#include <fmt/format.h>

namespace virtlight::fake {
namespace {

constexpr const char* kernel_file = "/var/lib/kernel";
constexpr std::uint64_t guest_pages = 64 * 256;

}  // namespace

Machine::Machine()
    : xenstore([this](unsigned domid) { return xen.state(domid); }),
      children_([this](ChildCalls::Call call, unsigned domid) { return answer_child(call, domid); }) {
    std::ofstream(kernel_file) << "\177ELF";
    xenstore.write("/local/pool/0/name", "Pool-0");
    xenstore.write("/local/domain/0/name", "Domain-0");
    xenstore.write("/local/domain/0/domid", "0");
}

int Machine::answer_child(ChildCalls::Call call, unsigned domid) {
    if (call == ChildCalls::Call::destroy) {
        if (const int error = xen.calls().enter("xc_domain_destroy")) return error;
        return xen.destroy(domid) ? 0 : ESRCH;
    }
    const auto domain = xen.find(domid);
    if (!domain) return ESRCH;
    return domain->stopped == Stop::suspend ? 0 : EBUSY;
}

std::string Machine::kernel() const {
    return kernel_file;
}

unsigned Machine::add(const std::string& name, const Uuid& uuid) {
    const auto domid = xen.create({.uuid = uuid, .pages = guest_pages, .max_pages = guest_pages}).value();
    const auto id = to_string(uuid);
    xenstore.write(fmt::format("/vm/{}/name", id), name);
    xenstore.write(fmt::format("/vm/{}/uuid", id), id);
    xenstore.write(fmt::format("/libxl/{}/type", domid), "pv");
    xenstore.write(fmt::format("/local/domain/{}/vm", domid), "/vm/" + id);
    xenstore.write(fmt::format("/local/domain/{}/domid", domid), std::to_string(domid));
    xenstore.write(fmt::format("/local/domain/{}/control/shutdown", domid), "");
    xenstore.write(fmt::format("/local/domain/{}/name", domid), name);
    xenstore.introduce(domid);
    xen.unpause(domid);
    return domid;
}

void Machine::remove(unsigned domid) {
    for (const auto* const folder : {"/local/domain/{}", "/libxl/{}"})
        xenstore.remove(fmt::format(fmt::runtime(folder), domid));
    xen.destroy(domid);
}

}  // namespace virtlight::fake
