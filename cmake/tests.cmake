# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/<room>/*_test.cpp become the program <room>_tests; tests/<room>/*.cpp that are no tests are its helpers.

# virtlight_tests(PROGRAM NAME): ctest knows NAME.1, NAME.2 and so on, each a share of the tests of the program. A process for
# each test would take longer to start than to run. What became of each test is in results/NAME.SHARE.xml.
set(shares 8)
function(virtlight_tests program name)
  foreach(share RANGE 1 ${shares})
    math(EXPR index "${share} - 1")
    add_test(NAME ${name}.${share} COMMAND ${program})
    set_tests_properties(${name}.${share} PROPERTIES ENVIRONMENT
      "GTEST_TOTAL_SHARDS=${shares};GTEST_SHARD_INDEX=${index};GTEST_OUTPUT=xml:${PROJECT_BINARY_DIR}/results/${name}.${share}.xml")
  endforeach()
endfunction()

target_compile_definitions(virtlight_flags INTERFACE VIRTLIGHT_TESTS="${PROJECT_SOURCE_DIR}/tests")
find_library(RAPIDCHECK rapidcheck REQUIRED)
# Tests want to be compiled soon; what they test is optimised, and told by the line in a sanitizer's report, as its build says.
set(test_options -O0)
if(VIRTLIGHT_SANITIZE)
  list(APPEND test_options -g0)
endif()
set(test_frameworks <gmock/gmock.h> <gtest/gtest.h> <rapidcheck/gtest.h>)
virtlight_precompiled(test_headers OPTIONS ${test_options} LINKS GTest::gmock GTest::gtest HEADERS ${test_frameworks})

foreach(room base async domain hypervisor xenlight simulated manager console libvirt daemon cli)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${room}/*.cpp)
  if(sources)
    add_executable(${room}_tests ${sources})
    target_include_directories(${room}_tests PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${room}_tests PRIVATE virtlight_${room} GTest::gmock GTest::gtest_main ${RAPIDCHECK})
    target_compile_options(${room}_tests PRIVATE ${test_options})
    target_precompile_headers(${room}_tests REUSE_FROM test_headers)
    set_target_properties(${room}_tests PROPERTIES ENABLE_EXPORTS ON)  # tests stand in for libraries under libxl
    virtlight_tests(${room}_tests ${room})
  endif()
endforeach()

# Every interleaving of small worlds around the event core. Optimised: it looks at millions of worlds.
add_executable(model_tests tests/model/event_core_test.cpp tests/model/explorer_test.cpp)
target_include_directories(model_tests PRIVATE ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(model_tests PRIVATE virtlight_xenlight GTest::gtest_main)
virtlight_tests(model_tests model)

# The manager on a simulated host in virtual time, at random and point by point.
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/simulation/*.cpp)
add_executable(simulation_tests ${sources})
target_include_directories(simulation_tests PRIVATE ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(simulation_tests PRIVATE virtlight_manager virtlight_simulated GTest::gmock GTest::gtest)
target_compile_options(simulation_tests PRIVATE ${test_options})
target_precompile_headers(simulation_tests REUSE_FROM test_headers)
virtlight_tests(simulation_tests simulation)

include(cmake/libxl_tests.cmake)

include(cmake/header_check.cmake)
