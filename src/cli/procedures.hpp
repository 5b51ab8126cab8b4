// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

/// Procedures of libvirt's that the commands call, by their numbers on the wire.
namespace virtlight::cli::procedure {

inline constexpr std::int32_t get_version = 4;
inline constexpr std::int32_t define_xml = 11;
inline constexpr std::int32_t get_info = 16;
inline constexpr std::int32_t lookup_by_id = 22;
inline constexpr std::int32_t lookup_by_name = 23;
inline constexpr std::int32_t lookup_by_uuid = 24;
inline constexpr std::int32_t get_hostname = 59;
inline constexpr std::int32_t xml_from_native = 135;
inline constexpr std::int32_t list_all_domains = 273;
inline constexpr std::int32_t get_job_stats = 298;

}  // namespace virtlight::cli::procedure
