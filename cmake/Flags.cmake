# Warnings and hardening (OpenSSF's list; what a compiler does not know is left out).
include(CheckCCompilerFlag)
include(CheckPIESupported)
check_pie_supported()

add_compile_definitions(_GNU_SOURCE GRIDLOOP_VERSION="${PROJECT_VERSION}")
add_compile_options(-Wall -Wextra -Wconversion -Wformat=2 -Wimplicit-fallthrough -Wshadow -Wstrict-prototypes
                    -Wmissing-prototypes -Werror)
include_directories(${CMAKE_SOURCE_DIR})

foreach(flag -fstack-clash-protection -fstack-protector-strong -fcf-protection=full -fstrict-flex-arrays=3
             -ftrivial-auto-var-init=zero -fno-delete-null-pointer-checks -fno-strict-overflow
             -fno-strict-aliasing -Wtrampolines -Wbidi-chars=any)
  string(MAKE_C_IDENTIFIER "GRIDLOOP_HAS${flag}" has)
  check_c_compiler_flag(${flag} ${has})
  if(${has})
    add_compile_options(${flag})
  endif()
endforeach()
add_link_options(-Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,--as-needed)

if(GRIDLOOP_SANITIZE)
  add_compile_options(-fsanitize=${GRIDLOOP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${GRIDLOOP_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(GRIDLOOP_POINTS)
  add_compile_definitions(GRIDLOOP_POINTS)
endif()
