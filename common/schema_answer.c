/* schema_answer.c - members of the answer's JSON object. */
#include "common/schema_answer.h"

#include <string.h>

#include "common/arena.h"
#include "common/json.h"

static bool is_avro(const struct json *type)
{
    return json_absent(type) || (json_text(type) && strcmp(json_text(type), "AVRO") == 0);
}

bool schema_read_answer(const char *json, size_t size, struct schema_answer *answer)
{
    struct err ignored;
    struct json *document = json_parse(json, size, &ignored);
    const char *schema = json_text(json_member(document, "schema"));
    bool is_object = json_has_members(document);

    *answer = (struct schema_answer){
        .schema = schema ? xstrdup(schema) : NULL,
        .is_avro = is_avro(json_member(document, "schemaType")),
        .has_references = json_count(json_member(document, "references")) > 0,
        .id = json_whole(json_member(document, "id")),
        .error_code = json_whole(json_member(document, "error_code")),
    };
    json_free(document);
    return is_object;
}
