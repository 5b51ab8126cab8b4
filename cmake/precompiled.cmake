# SPDX-License-Identifier: LGPL-2.1-or-later
# The headers that cost most, compiled once for all rooms and once for all tests: it halves the time of a build. Each file
# includes what it names all the same; header_check, which is without these, finds the headers of ours that do not.

set(costly_headers <algorithm> <chrono> <coroutine> <deque> <expected> <filesystem> <functional> <map> <memory> <optional>
  <string> <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)

function(virtlight_precompiled name)
  cmake_parse_arguments(PCH "" "" "OPTIONS;LINKS;HEADERS" ${ARGN})
  set(unit ${PROJECT_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${unit} CONTENT "// carries the precompiled headers\n")
  add_library(${name} OBJECT ${unit})
  target_link_libraries(${name} PRIVATE virtlight_flags fmt::fmt Threads::Threads ${PCH_LINKS})
  target_compile_options(${name} PRIVATE ${PCH_OPTIONS})
  target_precompile_headers(${name} PRIVATE ${costly_headers} ${PCH_HEADERS})
endfunction()
