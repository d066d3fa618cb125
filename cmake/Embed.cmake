# gridloop_embed(TARGET SYMBOL FILE...) - puts files into a program as one table of struct builtin_file
# (common/builtin.h). Paths are kept as they are seen from the root of the source tree, sorted.
function(gridloop_embed target symbol)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} -DOUT=${source} -DSYMBOL=${symbol} -DROOT=${CMAKE_SOURCE_DIR} "-DFILES=${ARGN}"
            -P ${CMAKE_SOURCE_DIR}/cmake/EmbedFiles.cmake
    DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/cmake/EmbedFiles.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${source})
endfunction()
