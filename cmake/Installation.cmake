# What `cmake --install` puts where, by the folders of GNUInstallDirs. Components:
#
#   producer   gridloop-produce-*, their unit, gridloop-orders, gridloop-simulate, libgridloop-producer.so
#   consumers  gridloop-consume-*, gridloop-dispatch, their units
#   ctl        gridloopctl, gridloop-setup.service, completions for all programs, the invented district, docs
#   dev        gridloop/producer.h, libgridloop-producer.a, gridloop-producer.pc
include(GNUInstallDirs)
set(GRIDLOOP_UNIT_DIR lib/systemd/system) # not of LIBDIR: systemd looks in no other

# gridloop_install_program(TARGET COMPONENT) - the program and its page, which gridloopctl makes from its options.
function(gridloop_install_program target component)
  install(TARGETS ${target} COMPONENT ${component})
  set(page ${CMAKE_BINARY_DIR}/man/${target}.1)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/man ${CMAKE_BINARY_DIR}/completion/link)
  add_custom_command(
    OUTPUT ${page}
    COMMAND gridloopctl manual ${target} > ${page}
    DEPENDS gridloopctl
    VERBATIM)
  add_custom_target(man-${target} ALL DEPENDS ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT ${component})
  if(NOT target STREQUAL "gridloopctl") # bash looks for a file of the program's name
    file(CREATE_LINK gridloopctl ${CMAKE_BINARY_DIR}/completion/link/${target} SYMBOLIC)
    install(FILES ${CMAKE_BINARY_DIR}/completion/link/${target} COMPONENT ctl
            DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  endif()
endfunction()

# gridloop_install_completions(COMPONENT) - one file a shell knows the options of all programs.
function(gridloop_install_completions component)
  set(bash ${CMAKE_INSTALL_DATADIR}/bash-completion/completions/gridloopctl)
  set(zsh ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions/_gridloop)
  set(fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_conf.d/gridloop.fish)
  foreach(shell IN ITEMS bash zsh fish)
    set(script ${CMAKE_BINARY_DIR}/completion/${shell})
    add_custom_command(
      OUTPUT ${script}
      COMMAND gridloopctl completion ${shell} > ${script}
      DEPENDS gridloopctl
      VERBATIM)
    list(APPEND scripts ${script})
    cmake_path(GET ${shell} PARENT_PATH folder)
    cmake_path(GET ${shell} FILENAME name)
    install(FILES ${script} DESTINATION ${folder} RENAME ${name} COMPONENT ${component})
  endforeach()
  add_custom_target(completions ALL DEPENDS ${scripts})
endfunction()
