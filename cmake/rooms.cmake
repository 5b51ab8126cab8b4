# SPDX-License-Identifier: LGPL-2.1-or-later

set(VIRTLIGHT_QUICK_ROOMS "" CACHE STRING "Rooms that are compiled soon rather than optimised: under a sanitizer, half the time")

# Fuzzers follow their inputs through the rooms, not through the tests.
set(fuzzed_options "")
if(VIRTLIGHT_FUZZERS)
  list(APPEND fuzzed_options -fsanitize=fuzzer-no-link)
endif()

# virtlight_room(NAME [USES room...] [LINKS target...])
# A folder of src/ as a library. main.cpp is left out: it belongs to a program.
function(virtlight_room name)
  cmake_parse_arguments(ROOM "" "" "USES;LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(sources)
    add_library(virtlight_${name} STATIC ${sources})
    target_compile_options(virtlight_${name} PRIVATE ${fuzzed_options})
    if(name IN_LIST VIRTLIGHT_QUICK_ROOMS)
      target_compile_options(virtlight_${name} PRIVATE -O0)
      target_precompile_headers(virtlight_${name} REUSE_FROM quick_room_headers)
    else()
      target_precompile_headers(virtlight_${name} REUSE_FROM room_headers)
    endif()
    set(scope PUBLIC)
  else()
    add_library(virtlight_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  list(TRANSFORM ROOM_USES PREPEND virtlight_)
  target_link_libraries(virtlight_${name} ${scope} virtlight_flags ${ROOM_USES} ${ROOM_LINKS})
endfunction()

# virtlight_program(NAME main.cpp room)
function(virtlight_program name main room)
  if(EXISTS ${PROJECT_SOURCE_DIR}/${main})
    add_executable(${name} ${main})
    target_link_libraries(${name} PRIVATE virtlight_${room})
    # What is linked at a function's first call is linked in the midst of a step of the core thread, and could be written over.
    target_link_options(${name} PRIVATE -Wl,-z,relro,-z,now)
    install(TARGETS ${name})
  endif()
endfunction()
