# SPDX-License-Identifier: LGPL-2.1-or-later
# fuzz/NAME_fuzz.cpp becomes the program NAME_fuzz; its corpus, if it has one, is fuzz/corpus/NAME.

add_custom_target(fuzzers)
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/*_fuzz.cpp)
foreach(source IN LISTS sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE virtlight_libvirt -fsanitize=fuzzer)
  add_dependencies(fuzzers ${name})
endforeach()
