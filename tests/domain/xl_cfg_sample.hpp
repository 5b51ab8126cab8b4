// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "domain/xl_cfg.hpp"

/// Small guests as xl describes them, to which a test adds the lines that it is about, from line 4 on.
namespace virtlight::domain::xl {

inline const std::string pv = "name='web'\nmemory=512\nkernel='/k'\n";
inline const std::string hvm = "name='web'\nmemory=512\ntype='hvm'\n";

/// What a file says that is good.
inline Definition read(const std::string& file) {
    auto definition = parse_xl_cfg(file);
    EXPECT_TRUE(definition) << definition.error().message;
    return definition.value_or(Definition());
}

/// "ok", or the reason and the message.
inline std::string refusal(const std::string& file) {
    const auto definition = parse_xl_cfg(file);
    if (definition) return "ok";
    return std::string(to_string(definition.error().reason)) + ": " + definition.error().message;
}

/// The same of a PV guest to which this is added.
inline std::string refused(const std::string& more) {
    return refusal(pv + more);
}

}  // namespace virtlight::domain::xl
