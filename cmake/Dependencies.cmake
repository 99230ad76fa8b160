# Every library is a package of Debian 12; `./dev` installs them.
find_package(PkgConfig REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv>=1.44)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium>=1.0.18)
pkg_check_modules(B2 REQUIRED IMPORTED_TARGET libb2)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(MSGPACK REQUIRED IMPORTED_TARGET msgpack>=4)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(INIH REQUIRED IMPORTED_TARGET inih)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
# LGPL: draws the QR code of an invitation.
pkg_check_modules(QRENCODE REQUIRED IMPORTED_TARGET libqrencode)
find_library(CSV_LIBRARY csv REQUIRED)
pkg_check_modules(MINIUPNPC REQUIRED IMPORTED_TARGET miniupnpc)
find_library(NATPMP_LIBRARY natpmp REQUIRED)
find_program(PROTOC_C protoc-c REQUIRED)
# The English word list of BIP-39, for the words that back up a seed.
find_file(BIP39_WORDS english.txt REQUIRED
  PATHS /usr/lib/python3/dist-packages/mnemonic/wordlist NO_DEFAULT_PATH
  DOC "BIP-39 word list, from the package python3-mnemonic")
