# Libraries, each as one imported target.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(AVRO REQUIRED IMPORTED_TARGET avro-c>=1.11.1)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq>=15)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3)
pkg_check_modules(GEOS REQUIRED IMPORTED_TARGET geos>=3.11)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.85)
if(GRIDLOOP_TESTS)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.71)

# Debian 12's 2.0.2 waits a second whenever its queue was full, knows no topic ids, and cannot do SCRAM with
# Kafka 4: less than 2.3.0 is refused.
if(GRIDLOOP_LIBRDKAFKA STREQUAL "system")
  pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka>=2.3.0)
  add_library(gridloop_rdkafka ALIAS PkgConfig::RDKAFKA)
else()
  file(STRINGS ${GRIDLOOP_LIBRDKAFKA}/include/librdkafka/rdkafka.h version REGEX "define RD_KAFKA_VERSION +0x")
  string(REGEX MATCH "0x[0-9a-fA-F]+" version "${version}")
  math(EXPR number "${version}")
  if(number LESS 33751295) # 0x020300ff
    message(FATAL_ERROR "librdkafka in ${GRIDLOOP_LIBRDKAFKA} is older than 2.3.0 (${version})")
  endif()
  pkg_check_modules(RDKAFKA_NEEDS REQUIRED IMPORTED_TARGET openssl zlib liblz4 libzstd libsasl2 libcurl)
  add_library(gridloop_rdkafka INTERFACE)
  target_include_directories(gridloop_rdkafka SYSTEM INTERFACE ${GRIDLOOP_LIBRDKAFKA}/include)
  target_link_libraries(gridloop_rdkafka INTERFACE ${GRIDLOOP_LIBRDKAFKA}/lib/librdkafka.a PkgConfig::RDKAFKA_NEEDS
                                                   Threads::Threads m dl)
endif()
