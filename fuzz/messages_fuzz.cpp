// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdint>
#include <cstdlib>

#include "libvirt/event_messages.hpp"
#include "libvirt/job_messages.hpp"
#include "libvirt/messages.hpp"
#include "libvirt/node_device_messages.hpp"

namespace {

using namespace virtlight::libvirt;

/// Any bytes as a T: refused, or read into a value that is written and read back the same.
template <class T>
void check(View bytes) {
    const auto value = decode<T>(bytes);
    if (!value) return;
    const auto written = encode(*value);
    if (!written || written->size() != bytes.size()) std::abort();
    // Compared as bytes: a NaN is not equal to itself.
    if (encode(*decode<T>(*written)) != *written) std::abort();
}

template <class... T>
void check_each(View bytes) {
    (check<T>(bytes), ...);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_each<std::string, std::optional<std::string>, std::vector<std::string>, std::vector<std::int32_t>,
               Domain, Secret, WireError, Flags, TextFlags, DomainNumber, DomainFlags, OpenArgs, IdentityArgs,
               NodeInfo, SecurityModel, DomainCapabilitiesArgs, DomainList, DomainListAllArgs,
               DomainNamesArgs, DeviceNamesArgs, MetadataArgs, JobInfo, JobStats, RegisterArgs<Domain>,
               RegisterArgs<Secret>, CallbackMessage<LifecycleMessage>>(View(data, size));
    return 0;
}
