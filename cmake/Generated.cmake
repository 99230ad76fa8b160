# What is made at build time: the seed word list, the C of libp2p's protobuf
# messages, the core vocabulary.
set(gen ${PROJECT_BINARY_DIR}/generated)

set(OHCN_WORDS_LIST ${gen}/crypto/words_list.h)
add_custom_command(OUTPUT ${OHCN_WORDS_LIST}
  COMMAND ${CMAKE_COMMAND} -DIN=${BIP39_WORDS} -DOUT=${OHCN_WORDS_LIST}
    -P ${PROJECT_SOURCE_DIR}/cmake/words_list.cmake
  DEPENDS ${BIP39_WORDS} cmake/words_list.cmake VERBATIM)

set(OHCN_PROTOBUF_SOURCES)
file(GLOB protos CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/proto/libp2p/*.proto)
foreach(proto ${protos})
  get_filename_component(stem ${proto} NAME_WE)
  set(out ${gen}/proto/libp2p/${stem}.pb-c)
  add_custom_command(OUTPUT ${out}.c ${out}.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${gen}
    COMMAND ${PROTOC_C} --c_out=${gen} --proto_path=${PROJECT_SOURCE_DIR}
      ${proto}
    DEPENDS ${proto} VERBATIM)
  # Generated code is not held to our warnings.
  set_source_files_properties(${out}.c PROPERTIES COMPILE_OPTIONS "-w")
  list(APPEND OHCN_PROTOBUF_SOURCES ${out}.c ${out}.h)
endforeach()

set(OHCN_CORE_VOCABULARY)
set(core ${PROJECT_SOURCE_DIR}/match/core_vocabulary.tsv)
if(EXISTS ${core})
  set(OHCN_CORE_VOCABULARY ${gen}/match/core_vocabulary.c)
  add_custom_command(OUTPUT ${OHCN_CORE_VOCABULARY}
    COMMAND ${CMAKE_COMMAND} -DIN=${core} -DOUT=${OHCN_CORE_VOCABULARY}
      -DNAME=core_vocabulary_tsv -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${core} cmake/embed.cmake VERBATIM)
endif()
