// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xl_cfg.hpp"
#include "domain/xml.hpp"
#include "libvirt/calls.hpp"

/// Definitions in the format of Xen's own tool.
namespace virtlight::libvirt::calls {

namespace {

/// "xen-xm" was the name of the same format when another tool read it.
Result<> check_format(const std::string& format) {
    if (format == "xen-xl" || format == "xen-xm") return {};
    return fail(Reason::invalid_argument, "unsupported config type '{}'; allowed are xen-xl and xen-xm",
                format);
}

}  // namespace

Result<std::string> xml_from_native(Manager&, const NativeArgs& args) {
    if (const auto good = check_format(args.format); !good) return std::unexpected(good.error());
    return transform(domain::parse_xl_cfg(args.text),
                     [](const domain::Definition& definition) { return domain::format_xml(definition); });
}

Result<std::string> xml_to_native(Manager&, const NativeArgs& args) {
    if (const auto good = check_format(args.format); !good) return std::unexpected(good.error());
    const auto definition = domain::parse_xml(args.text);
    if (!definition) return std::unexpected(definition.error());
    if (const auto good = domain::check_xl_cfg(*definition); !good) return std::unexpected(good.error());
    return domain::format_xl_cfg(*definition);
}

}  // namespace virtlight::libvirt::calls
