# What every target of ours shares: warnings as errors, exact arithmetic, one include root.

add_library(psephos_flags INTERFACE)
target_include_directories(psephos_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(psephos_flags INTERFACE PSEPHOS_VERSION="${PROJECT_VERSION}")
target_compile_options(psephos_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  # gcc 12 sees uninitialised reads inside std::variant and std::optional, and overlaps inside
  # std::string, that are not there (GCC bugs 80635 and 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # A fused multiply-add rounds once where we promise two roundings; replicas would part.
  -ffp-contract=off
  # In a unity build gcc takes a source file for a header, and warns of what a header must not hold.
  $<$<AND:$<BOOL:${CMAKE_UNITY_BUILD}>,$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>)
if(PSEPHOS_SANITIZE)
  target_compile_options(psephos_flags INTERFACE
    -fsanitize=${PSEPHOS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(psephos_flags INTERFACE -fsanitize=${PSEPHOS_SANITIZE})
endif()
if(PSEPHOS_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "PSEPHOS_FUZZ needs clang's libFuzzer; use: cmake --preset fuzz")
  endif()
  # Tells the fuzzer which branches an input has taken; targets alone get its main().
  target_compile_options(psephos_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The presets release, asan-ubsan and tsan compile several files of a room together (CMake's unity
# builds): most of a file's compile time goes into the headers that it shares with its neighbours.
# This compiles the files of a room one by one all the same: where each describes one thing of a kind
# (a rule, a kernel) in the same words, or where the machine code is measured.
function(psephos_compile_apart NAME)
  set_target_properties(${NAME} PROPERTIES UNITY_BUILD OFF)
endfunction()

# psephos_room(NAME [DEPENDS targets...]): a room is a folder; every .cpp in it is one static
# library, main.cpp excepted.
function(psephos_room NAME)
  cmake_parse_arguments(ROOM "" "" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(${NAME} STATIC ${sources})
  target_link_libraries(${NAME} PUBLIC psephos_flags ${ROOM_DEPENDS})
endfunction()

# psephos_program(NAME DEPENDS targets...): main.cpp of this folder, as an executable. Its object is
# NAME-main, for those who link the same program with something else.
function(psephos_program NAME)
  cmake_parse_arguments(PROGRAM "" "" "DEPENDS" ${ARGN})
  add_library(${NAME}-main OBJECT main.cpp)
  target_link_libraries(${NAME}-main PUBLIC psephos_flags ${PROGRAM_DEPENDS})
  add_executable(${NAME})
  target_link_libraries(${NAME} PRIVATE ${NAME}-main)
  set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# psephos_find_googletest(): GTest::gtest_main, the installed one or, for another processor, built
# from the sources that Debian's package googletest installs.
function(psephos_find_googletest)
  if(NOT CMAKE_CROSSCOMPILING)
    find_package(GTest REQUIRED GLOBAL)
    return()
  endif()
  set(BUILD_GMOCK OFF CACHE BOOL "" FORCE)
  set(INSTALL_GTEST OFF CACHE BOOL "" FORCE)
  add_subdirectory(/usr/src/googletest ${CMAKE_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
  target_compile_options(gtest PRIVATE -Wno-restrict)  # false alarms, as with psephos_flags
endfunction()

# What nearly every test includes, compiled once: reading these headers is most of a test's compile
# time. Test files name their includes all the same.
function(psephos_test_headers)
  add_library(psephos_test_headers STATIC ${PROJECT_SOURCE_DIR}/tests/headers.cpp)
  target_precompile_headers(psephos_test_headers PRIVATE
    <gtest/gtest.h>
    <algorithm> <array> <bit> <chrono> <cmath> <cstdint> <cstring> <deque> <filesystem> <fstream>
    <functional> <limits> <map> <memory> <optional> <random> <span> <string> <string_view> <utility>
    <variant> <vector>)
  psephos_test_flags(psephos_test_headers)
  # As programs are compiled, not as libraries: gcc takes headers of the same flags only.
  set_target_properties(psephos_test_headers PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(psephos_test_headers PRIVATE -fPIE)
endfunction()

# Tests are compiled fast rather than to be fast; what they test is not concerned. With less inlining
# gcc 12 sees strings overrun that are not (GCC bug 105651, as with psephos_flags).
function(psephos_test_flags NAME)
  target_link_libraries(${NAME} PRIVATE psephos_flags GTest::gtest)
  target_compile_options(${NAME} PRIVATE
    $<$<CONFIG:Release>:-O1>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds> $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>)
endfunction()

# psephos_tests(NAME [DEPENDS targets...]): every *_test.cpp of this folder and those below, as one
# GoogleTest program. Suites whose names end in Long are for the full test run alone.
function(psephos_tests NAME)
  cmake_parse_arguments(TESTS "" "" "DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  add_executable(${NAME} ${sources})
  psephos_test_flags(${NAME})
  target_precompile_headers(${NAME} REUSE_FROM psephos_test_headers)
  target_link_libraries(${NAME} PRIVATE ${TESTS_DEPENDS} GTest::gtest_main)
  target_compile_definitions(${NAME} PRIVATE PSEPHOS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(CMAKE_CROSSCOMPILING)
    # A process per test, as below, would start the emulator thousands of times: a few shards.
    set(shards 4)
    math(EXPR last "${shards} - 1")
    foreach(shard RANGE ${last})
      add_test(NAME ${NAME}_${shard} COMMAND ${NAME})
      set_tests_properties(${NAME}_${shard} PROPERTIES TIMEOUT 240
        ENVIRONMENT "GTEST_TOTAL_SHARDS=${shards};GTEST_SHARD_INDEX=${shard}")
    endforeach()
    return()
  endif()
  include(GoogleTest)
  gtest_discover_tests(${NAME} TEST_FILTER "-*Long.*"
    DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 240)
  gtest_discover_tests(${NAME} TEST_FILTER "*Long.*" TEST_LIST ${NAME}_long
    DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 1200 LABELS long)
endfunction()

# psephos_fuzz(NAME MAX_BYTES N [DEPENDS targets...]): NAME.cpp of this folder as a libFuzzer target,
# and a test that feeds it for a few seconds with inputs of at most N bytes, beginning with those of
# corpus/NAME. What it discovers stays in the build folder and is where the next run begins.
# A single allocation of more than PSEPHOS_FUZZ_MALLOC_MB counts as a crash: no reader may believe a
# header. In other builds the test replays corpus/NAME alone.
set(PSEPHOS_FUZZ_SECONDS 5 CACHE STRING "How long each fuzz target runs in the tests")
set(PSEPHOS_FUZZ_MALLOC_MB 128)
function(psephos_fuzz NAME)
  cmake_parse_arguments(FUZZ "" "MAX_BYTES" "DEPENDS" ${ARGN})
  set(kept ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${NAME})
  set(target fuzz_${NAME})
  add_executable(${target} ${NAME}.cpp)
  target_link_libraries(${target} PRIVATE psephos_flags ${FUZZ_DEPENDS})
  target_compile_definitions(${target} PRIVATE PSEPHOS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(NOT PSEPHOS_FUZZ)
    psephos_test_flags(${target})
    target_sources(${target} PRIVATE replay.cpp)
    add_test(NAME fuzz_corpus.${NAME} COMMAND ${target} ${kept})
    set_tests_properties(fuzz_corpus.${NAME} PROPERTIES TIMEOUT 120)
    return()
  endif()
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  set(discovered ${CMAKE_CURRENT_BINARY_DIR}/corpus/${NAME})
  set(findings ${CMAKE_CURRENT_BINARY_DIR}/findings/${NAME})
  file(MAKE_DIRECTORY ${discovered} ${findings})
  add_test(NAME fuzz.${NAME} COMMAND ${target}
    -max_total_time=${PSEPHOS_FUZZ_SECONDS} -max_len=${FUZZ_MAX_BYTES} -timeout=10
    -rss_limit_mb=2048 -malloc_limit_mb=${PSEPHOS_FUZZ_MALLOC_MB} -print_final_stats=1
    -artifact_prefix=${findings}/ ${discovered} ${kept})
  # Freed memory is kept out of use for a while, but not so much of it that every input meets new
  # pages.
  set_tests_properties(fuzz.${NAME} PROPERTIES LABELS fuzz TIMEOUT 120
    ENVIRONMENT ASAN_OPTIONS=quarantine_size_mb=16)
endfunction()
