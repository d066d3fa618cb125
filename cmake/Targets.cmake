# gridloop_tests(LIBRARY...) - each *_test.c of this folder becomes a program of its own, run by ctest.
function(gridloop_tests library)
  if(NOT GRIDLOOP_TESTS)
    return()
  endif()
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.c)
  foreach(test IN LISTS tests)
    get_filename_component(name ${test} NAME_WE)
    add_executable(${name} ${test})
    target_link_libraries(${name} PRIVATE ${library} ${ARGN} PkgConfig::CMOCKA)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
    target_compile_definitions(${name} PRIVATE GRIDLOOP_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name})
  endforeach()
endfunction()

# gridloop_test_wrap(TEST FUNCTION) - in that test, calls of FUNCTION reach the test's own __wrap_FUNCTION().
function(gridloop_test_wrap test function)
  if(GRIDLOOP_TESTS)
    target_link_options(${test} PRIVATE -Wl,--wrap=${function})
  endif()
endfunction()

# gridloop_sources(VARIABLE) - the .c files of this folder that are not tests.
function(gridloop_sources variable)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  list(FILTER sources EXCLUDE REGEX "_test\\.c$")
  set(${variable} ${sources} PARENT_SCOPE)
endfunction()
