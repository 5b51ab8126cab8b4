// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/storage.hpp"

#include "libvirt/calls.hpp"

namespace virtlight::libvirt {

Answer ask_storage_alone(const Procedure& procedure, Caller& caller, View payload) {
    if (!has_storage(caller))
        return fail(
            Reason::no_support,
            "{}: there are no storage pools here, as libvirt's storage daemon does not run (storage_socket "
            "in virtlightd(8)): name files and block devices in the domain's XML",
            procedure.function);
    return caller.storage->call(caller.session.read_only(), static_cast<std::int32_t>(procedure.number),
                                Bytes(payload.begin(), payload.end()));
}

/// Who could register would wait for what is never told, instead of listing them again.
Result<std::int32_t> calls::register_pool(Caller& caller, const RegisterArgs<NamedUuid>&) {
    if (has_storage(caller))
        return fail(Reason::no_support, "storage pools are not watched: list them again");
    return caller.subscriptions.add_silent();
}

}  // namespace virtlight::libvirt
