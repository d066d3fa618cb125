/* avro_c.h - what Avro-C's schema resolution makes of a message, in the words of answer.c. */
#ifndef GRIDLOOP_AVRO_C_H
#define GRIDLOOP_AVRO_C_H

#include <stddef.h>

#include "common/text.h"

/* Adds the value, or null where Avro-C cannot read it so. For schemas that it understands (plain_for_avro_c() in
 * schemas.py): with others it may crash, or be wrong. */
void avro_c_add_value(struct text *out, const char *writer, size_t writer_size,
                      const char *reader, size_t reader_size, const char *message,
                      size_t size);

#endif
