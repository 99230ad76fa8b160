# IN: one word a line. OUT: a C header with the list.
file(STRINGS ${IN} words)
list(LENGTH words n)
if(NOT n EQUAL 2048)
  message(FATAL_ERROR "${IN} has ${n} words, not 2048")
endif()
list(JOIN words "\",\n\t\"" body)
file(WRITE ${OUT} "/* generated from ${IN} */\n#pragma once\n"
  "static const char *const seed_word_list[2048] = {\n\t\"${body}\"\n};\n")
