# Run at build time by gridloop_embed(): FILES -> OUT, a C table named SYMBOL.
list(SORT FILES COMPARE STRING)
set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS FILES)
  file(READ ${file} hex HEX)
  file(SIZE ${file} size)
  file(RELATIVE_PATH path ${ROOT} ${file})
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const char file_${number}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${path}\", file_${number}, ${size}},\n")
  math(EXPR number "${number} + 1")
endforeach()
# Bytes above 127 do not fit a signed char; the files are UTF-8.
file(WRITE ${OUT} "#include \"common/builtin.h\"\n#pragma GCC diagnostic ignored \"-Woverflow\"\n"
     "#pragma GCC diagnostic ignored \"-Wconversion\"\n"
     "${arrays}\nconst struct builtin_file ${SYMBOL}[] = {\n${rows}    {0, 0, 0}};\n")
