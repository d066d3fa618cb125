/* schema_answer.h - what a schema registry answers, as far as it is needed. */
#ifndef GRIDLOOP_SCHEMA_ANSWER_H
#define GRIDLOOP_SCHEMA_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct schema_answer {
    char *schema; /* text; NULL: none. The caller frees it */
    bool is_avro; /* "schemaType" says so, or is absent */
    bool has_references;
    int64_t id, error_code; /* 0: none */
};

/* False: it is no JSON object. */
bool schema_read_answer(const char *json, size_t size, struct schema_answer *answer);

#endif
