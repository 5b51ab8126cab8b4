# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/libxl: the true libxenlight and libxenstore on a replaced hypervisor. What the program defines under
# libxenctrl's and libxenguest's names must be visible to the libraries, so its symbols are exported; and the
# headers of those want the compiler's extensions.

file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/libxl/*.cpp
  ${PROJECT_SOURCE_DIR}/tests/libxl/controls/*.cpp)
if(sources)
  add_executable(libxl_tests ${sources})
  set_target_properties(libxl_tests PROPERTIES ENABLE_EXPORTS ON CXX_EXTENSIONS ON UNITY_BUILD_BATCH_SIZE 8)
  target_include_directories(libxl_tests PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_precompile_headers(libxl_tests PRIVATE ${costly_headers} ${test_frameworks})
  target_compile_options(libxl_tests PRIVATE ${test_options})
  target_link_libraries(libxl_tests PRIVATE virtlight_xenlight GTest::gmock GTest::gtest ${RAPIDCHECK} ${CMAKE_DL_LIBS}
    xencall)
  virtlight_tests(libxl_tests libxl)
endif()
