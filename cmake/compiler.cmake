# SPDX-License-Identifier: LGPL-2.1-or-later
# One compiler, one standard, one set of warnings, and the sanitizers that a preset asks for.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

# g++ 12 destroys aggregate temporaries of a co_await expression twice; g++ 13 has no explicit object parameters.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR "g++ ${CMAKE_CXX_COMPILER_VERSION} will not do; use clang 19, or g++ 14 and later")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # The sloppiness is what ccache asks for where headers are precompiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

add_library(virtlight_flags INTERFACE)
target_include_directories(virtlight_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(virtlight_flags INTERFACE VIRTLIGHT_VERSION="${PROJECT_VERSION}")
target_compile_options(virtlight_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -Wimplicit-fallthrough -Wundef)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(virtlight_flags INTERFACE -Wthread-safety -Wno-missing-designated-field-initializers
    "SHELL:-Xclang -fno-pch-timestamp")
  find_program(LLD NAMES ld.lld-19 ld.lld)
  if(LLD)
    target_link_options(virtlight_flags INTERFACE --ld-path=${LLD})
  endif()
endif()

if(CMAKE_UNITY_BUILD)
  # Several tests as one: what one of them calls something is no shadow over the next. The rooms, which are libraries, mind.
  target_compile_options(virtlight_flags INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-Wno-shadow>)
endif()

set(VIRTLIGHT_SANITIZE "" CACHE STRING "Sanitizers to build with, as -fsanitize= takes them")
if(VIRTLIGHT_SANITIZE)
  target_compile_options(virtlight_flags INTERFACE -fsanitize=${VIRTLIGHT_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(virtlight_flags INTERFACE -fsanitize=${VIRTLIGHT_SANITIZE})
endif()

option(VIRTLIGHT_TESTS "Build the tests" ON)
option(VIRTLIGHT_FUZZERS "Build the fuzzers" OFF)
