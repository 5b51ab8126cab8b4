# SPDX-License-Identifier: LGPL-2.1-or-later
# bench/NAME.cpp becomes the program bench_NAME. The peer, libvirt, is measured in the same run: without its headers there are no
# benchmarks.

add_custom_target(benchmarks)
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cpp)
foreach(source IN LISTS sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(bench_${name} EXCLUDE_FROM_ALL ${source})
  target_link_libraries(bench_${name} PRIVATE virtlight_daemon virtlight_cli PkgConfig::libvirt)
  add_dependencies(benchmarks bench_${name})
endforeach()

# That they compile, which nobody sees who does not measure.
add_library(benchmark_check OBJECT EXCLUDE_FROM_ALL ${sources})
target_link_libraries(benchmark_check PRIVATE virtlight_daemon virtlight_cli PkgConfig::libvirt)
