# `cpack -G DEB` in the build's folder: a package for each component of cmake/Installation.cmake.
set(CPACK_PACKAGE_NAME gridloop)
set(CPACK_PACKAGE_VENDOR gridloop)
set(CPACK_PACKAGE_CONTACT "gridloop <root@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "What a district's drones, patrols and inspectors report, to PostgreSQL exactly once")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL producer consumers ctl dev)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR}/lib)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

function(gridloop_package component summary)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME gridloop-${component} PARENT_SCOPE)
  set(CPACK_COMPONENT_${upper}_DESCRIPTION ${summary} PARENT_SCOPE)
endfunction()
gridloop_package(producer "Programs and the library with which devices send events, and crews take orders")
gridloop_package(consumers "Daemons that store events in PostgreSQL, and the one that sends orders")
gridloop_package(ctl "What operators and auditors ask and do: gridloopctl")
gridloop_package(dev "To send events from within a program: header and static library")

# What is loaded by its path or started, which no list of libraries shows. gridloopctl looks at settings before a reload,
# kill(1) tells of it.
set(CPACK_DEBIAN_CONSUMERS_PACKAGE_DEPENDS "gridloop-ctl (= ${PROJECT_VERSION}), procps")
set(CPACK_DEBIAN_PRODUCER_PACKAGE_DEPENDS procps)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "gridloop-producer (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_CTL_PACKAGE_SUGGESTS "bash-completion")

# Files of settings stay as they were changed; systemd hears of units that came or went.
foreach(pair IN ITEMS producer/producer.conf consumers/gridloop.conf ctl/setup.conf)
  cmake_path(GET pair PARENT_PATH component)
  cmake_path(GET pair FILENAME name)
  string(TOUPPER ${component} upper)
  set(folder ${CMAKE_BINARY_DIR}/debian/${component})
  file(WRITE ${folder}/conffiles "/etc/gridloop/${name}\n")
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA
      ${folder}/conffiles ${CMAKE_SOURCE_DIR}/deploy/debian/postinst ${CMAKE_SOURCE_DIR}/deploy/debian/postrm)
endforeach()
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
