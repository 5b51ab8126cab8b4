// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xl_cfg_options.hpp"

// What xl knows and a definition does not, each with the reason; and what other tools write for themselves
// into its files, which xl does not look at.

namespace virtlight::domain {
namespace {

constexpr XlOption absent(std::string_view key, std::string_view why, std::string_view holds = {}) {
    return {.key = key, .meaning = why, .holds = holds};
}

constexpr XlOption ignored(std::string_view key, std::string_view why, std::string_view holds = {}) {
    return {.key = key, .meaning = why, .holds = holds, .ignored = true};
}

constexpr XlOption absent_options[] = {
    absent("vif2", "netchannel2 is gone from Xen"),
    ignored("vncviewer", "xl ignores it; `virt-viewer` shows a guest that runs", "0"),
    absent("dtdev", "of guests on Arm"),
    absent("vsnd", "PV sound is not served"),
    absent("vuart", "of guests on Arm"),
    ignored("device_model", "xl ignores it; `device_model_override` names the program"),
    ignored("parallel", "libvirt writes it, and xl knows no parallel ports", "none"),
    ignored("dhcp", "xen-tools writes it, and xl does not know it"),
    ignored("xen_shell", "xen-tools writes it for a program of its own, and xl does not know it"),
    ignored("on_xend_start",
            "xend's, and xl does not know it; `virsh autostart` starts a guest with the host", "ignore"),
    ignored("on_xend_stop", "xend's, and xl does not know it; a guest outlives the daemon", "ignore"),
    ignored("bootargs", "xend and libvirt write it, and xl does not know it; `bootloader_args` has them"),
    ignored("description", "SUSE's tools write it, and xl does not know it; `virsh desc` has one", "None"),
};

}  // namespace

constinit const XlOptions xl_absent_options = absent_options;

}  // namespace virtlight::domain
