# fulcrum_floor(NAME LINKS lib...): one folder under src/ is one static library and one test program.
#
# Every *.cpp is part of the library fulcrum_NAME, every *_test.cpp of NAME_test, every *_fuzz.cpp is a libFuzzer
# target of its own (only with FULCRUM_FUZZ). A new module is picked up by being there.
function(fulcrum_floor name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  set(fuzzers ${sources})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cpp$")

  if(sources)
    add_library(fulcrum_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(fulcrum_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(fulcrum_${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(fulcrum_${name} ${scope} ${ARG_LINKS})

  if(FULCRUM_TESTS AND tests)
    find_package(GTest REQUIRED)
    include(GoogleTest)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE fulcrum_${name} GTest::gtest GTest::gtest_main)
    # Half of the time a test takes to compile goes into these.
    target_precompile_headers(${name}_test PRIVATE <gtest/gtest.h> <fmt/format.h> <nlohmann/json.hpp>)
    target_compile_definitions(${name}_test PRIVATE
      FULCRUM_SOURCE_DIR="${CMAKE_SOURCE_DIR}" FULCRUM_SHARED_DIR="${CMAKE_SOURCE_DIR}/../shared")
    # A suite whose name ends in Slow belongs to the full tier only.
    add_test(NAME ${name} COMMAND ${name}_test --gtest_filter=-*Slow.*)
    set_tests_properties(${name} PROPERTIES LABELS fast)
    add_test(NAME ${name}_slow COMMAND ${name}_test --gtest_filter=*Slow.*)
    set_tests_properties(${name}_slow PROPERTIES LABELS slow)
  endif()

  if(FULCRUM_FUZZ)
    foreach(fuzzer ${fuzzers})
      get_filename_component(target ${fuzzer} NAME_WE)
      add_executable(${target} ${fuzzer})
      target_link_libraries(${target} PRIVATE fulcrum_${name})
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()
