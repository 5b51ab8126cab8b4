# SPDX-License-Identifier: LGPL-2.1-or-later
# header_check: every header compiles as the first of a file, and so includes all that it names.
#
# Nearly all of that time would go into the same few headers of ours, with what they bring of the standard library. Whatever
# includes one of these, be it through others, finds it precompiled: it sees nothing that it would not see without. The one
# that costs most is last.
set(shared_headers base/clock.hpp base/result.hpp libvirt/xdr.hpp domain/definition.hpp hypervisor/port.hpp
  manager/core.hpp)

# headers_within(HEADER RESULT): our headers that it includes, and those that they do.
function(headers_within header result)
  get_property(all GLOBAL PROPERTY "headers within ${header}")
  if(NOT all AND EXISTS ${PROJECT_SOURCE_DIR}/src/${header})
    file(STRINGS ${PROJECT_SOURCE_DIR}/src/${header} lines REGEX "^#include \"")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" included ${line})
      headers_within(${included} deeper)
      list(APPEND all ${included} ${deeper})
    endforeach()
    list(REMOVE_DUPLICATES all)
    set_property(GLOBAL PROPERTY "headers within ${header}" "${all}")
  endif()
  set(${result} ${all} PARENT_SCOPE)
endfunction()

function(virtlight_header_check name)
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${ARGN})
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  target_compile_options(${name} PRIVATE -O0 -g0)
  target_link_libraries(${name} PRIVATE virtlight_flags fmt::fmt PkgConfig::libxml2 PkgConfig::xenlight
    PkgConfig::systemd CLI11::CLI11)
endfunction()

file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*/*.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${headers})  # what they include decides here
foreach(path IN LISTS headers)
  file(RELATIVE_PATH header ${PROJECT_SOURCE_DIR}/src ${path})
  set(unit ${PROJECT_BINARY_DIR}/headers/${header}.cpp)
  file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${header}\"\n#include \"${header}\" // twice: guarded\n")
  headers_within(${header} within)
  set(precompiled none)
  foreach(shared IN LISTS shared_headers)
    if(shared IN_LIST within)
      set(precompiled ${shared})
    endif()
  endforeach()
  list(APPEND units_with_${precompiled} ${unit})
endforeach()

# A target of no files: objects of one library are not built for another one that depends on it.
add_custom_target(header_check)
virtlight_header_check(header_check_alone ${units_with_none})
add_dependencies(header_check header_check_alone)
foreach(shared IN LISTS shared_headers)
  string(MAKE_C_IDENTIFIER "header_check_with_${shared}" name)
  virtlight_header_check(${name} ${units_with_${shared}})
  target_precompile_headers(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src/${shared})
  add_dependencies(header_check ${name})
endforeach()
