# SPDX-License-Identifier: LGPL-2.1-or-later
# docs/NAME.SECTION.scd becomes the man page NAME.SECTION, where scdoc is there; what the pages name is installed, too, and what
# completes the command's words in bash.

file(GLOB documents CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md)
install(FILES ${documents} ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/packaging/virtlight.bash RENAME virtlight
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)

find_program(SCDOC scdoc)
if(SCDOC)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.scd)
  foreach(source IN LISTS sources)
    get_filename_component(page ${source} NAME_WLE)
    string(REGEX REPLACE ".*\\." "" section ${page})
    set(made ${PROJECT_BINARY_DIR}/man/${page})
    add_custom_command(OUTPUT ${made} DEPENDS ${source}
      COMMAND sh -c "\"$1\" <\"$2\" >\"$3\"" sh ${SCDOC} ${source} ${made} VERBATIM)
    list(APPEND pages ${made})
    install(FILES ${made} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
  endforeach()
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/man)
  add_custom_target(manual ALL DEPENDS ${pages})
endif()
