/* answer.c - what our decoder makes of cases read from stdin, for comparison with other decoders and for the bounds of
 * tests/bounds.
 *
 * A case: writer schema, reader schema, the number of messages, the messages. Texts and messages stand behind their
 * length, numbers are of four bytes, little endian. The answer to each is one line of JSON:
 *
 *   {"schema":"..."}                    one of the schemas is refused
 *   {"plan":"..."}                      the writer cannot be read by the reader
 *   {"weakness":null,"messages":[...]}  each {"value":...} or {"reason":"...","detail":"..."}, and "memory":
 *                                      the most bytes of the arena that it took
 *
 * Called as `differential_answer avro-c`, it adds to each message "avro_c": what Avro-C reads, null where it does not.
 *
 * Values: null, true, whole numbers; texts, symbols and uuids as strings; other numbers as {"real":"16 hex digits"}
 * (the bits of a double, highest first); bytes as {"bytes":"hex"}; records and maps as [["name",value],...] under
 * "fields" and "entries". */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/text.h"
#include "consumers/runtime/plan.h"
#include "consumers/runtime/reader.h"
#include "tests/differential/avro_c.h"

struct piece {
    char *bytes;
    uint32_t size;
};

static void need(bool whole)
{
    if (whole)
        return;
    fprintf(stderr, "a case ends early\n");
    exit(1);
}

static bool read_number(uint32_t *number)
{
    return fread(number, sizeof *number, 1, stdin) == 1;
}

/* Exactly of its size, so that a sanitizer sees every step outside. */
static struct piece read_piece(void)
{
    struct piece piece;

    need(read_number(&piece.size));
    piece.bytes = xmalloc(piece.size);
    need(fread(piece.bytes, 1, piece.size, stdin) == piece.size);
    return piece;
}

static void add_hex(struct text *out, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        text_format(out, "%02x", bytes[i]);
}

static void add_value(struct text *out, const struct schema *schema,
                      const struct value *value);

static void add_bytes(struct text *out, const struct schema *schema,
                      const struct value *value)
{
    char uuid[UUID_TEXT_SIZE];

    if (schema->logical == LOGICAL_UUID) {
        uuid_format(uuid, value->bytes);
        text_format(out, "\"%s\"", uuid);
    } else if (schema->type == SCHEMA_BYTES || schema->type == SCHEMA_FIXED) {
        text_add_string(out, "{\"bytes\":\"");
        add_hex(out, value->bytes, value->count);
        text_add_string(out, "\"}");
    } else {
        text_add_json_string(out, value->bytes, value->count);
    }
}

static void add_array(struct text *out, const struct schema *schema,
                      const struct value *value)
{
    text_add_string(out, "[");
    for (size_t i = 0; i < value->count; i++) {
        text_add_string(out, i ? "," : "");
        add_value(out, schema->branches[0], &value->items[i]);
    }
    text_add_string(out, "]");
}

static void add_record(struct text *out, const struct schema *schema,
                       const struct value *value)
{
    text_add_string(out, "{\"fields\":[");
    for (size_t i = 0; i < value->count; i++) {
        text_format(out, "%s[\"%s\",", i ? "," : "", schema->fields[i].name);
        add_value(out, schema->fields[i].type, &value->items[i]);
        text_add_string(out, "]");
    }
    text_add_string(out, "]}");
}

static void add_map(struct text *out, const struct schema *schema,
                    const struct value *value)
{
    text_add_string(out, "{\"entries\":[");
    for (size_t i = 0; i < value->count; i++) {
        const struct value *key = &value->items[2 * i];
        text_add_string(out, i ? ",[" : "[");
        text_add_json_string(out, key->bytes, key->count);
        text_add_string(out, ",");
        add_value(out, schema->branches[0], key + 1);
        text_add_string(out, "]");
    }
    text_add_string(out, "]}");
}

static void add_items(struct text *out, const struct schema *schema,
                      const struct value *value)
{
    if (schema->type == SCHEMA_ARRAY)
        add_array(out, schema, value);
    else if (schema->type == SCHEMA_MAP)
        add_map(out, schema, value);
    else
        add_record(out, schema, value);
}

static void add_value(struct text *out, const struct schema *schema,
                      const struct value *value)
{
    uint64_t bits;

    schema = value_schema(schema, value);
    switch ((enum value_kind)value->kind) {
    case VALUE_NULL: text_add_string(out, "null"); break;
    case VALUE_NUMBER:
        if (schema->type == SCHEMA_BOOLEAN)
            text_add_string(out, value->number ? "true" : "false");
        else
            text_format(out, "%" PRId64, value->number);
        break;
    case VALUE_REAL:
        memcpy(&bits, &value->real, sizeof bits);
        text_format(out, "{\"real\":\"%016" PRIx64 "\"}", bits);
        break;
    case VALUE_BYTES: add_bytes(out, schema, value); break;
    case VALUE_ITEMS: add_items(out, schema, value); break;
    case VALUE_UNREAD: break; /* never in what plan_run() made */
    }
}

static void add_named(struct text *out, const char *name, const char *text)
{
    text_format(out, "\"%s\":", name);
    if (text)
        text_add_json_string(out, text, strlen(text));
    else
        text_add_string(out, "null");
}

/* Both schemas, parsed and as they came. */
struct pair {
    struct piece writer_text, reader_text;
    struct schema_file *writer, *reader;
    struct plan *plan; /* NULL: there is none, and no message is read */
    bool ask_avro_c;
};

static void add_avro_c(struct text *out, const struct pair *pair,
                       const struct piece *message)
{
    text_add_string(out, ",\"avro_c\":");
    avro_c_add_value(out, pair->writer_text.bytes, pair->writer_text.size,
                     pair->reader_text.bytes, pair->reader_text.size, message->bytes,
                     message->size);
}

static void add_message(struct text *out, const struct pair *pair,
                        const struct piece *message)
{
    struct arena *arena = arena_new();
    struct reject reject = {0};
    struct value value;

    text_add_string(out, "{");
    if (plan_run(pair->plan, (const uint8_t *)message->bytes, message->size, arena,
                 &value, &reject)) {
        text_add_string(out, "\"value\":");
        add_value(out, schema_root(pair->reader), &value);
    } else {
        add_named(out, "reason", reject.reason);
        text_add_string(out, ",");
        add_named(out, "detail", reject.detail);
    }
    text_format(out, ",\"memory\":%zu", arena_most_used(arena));
    if (pair->ask_avro_c)
        add_avro_c(out, pair, message);
    text_add_string(out, "}");
    arena_free(arena);
}

static void add_messages(struct text *out, const struct pair *pair)
{
    uint32_t count = 0;

    need(read_number(&count));
    if (pair->plan) {
        add_named(out, "weakness", plan_weakness(pair->plan));
        text_add_string(out, ",\"messages\":[");
    }
    for (uint32_t i = 0; i < count; i++) {
        struct piece message = read_piece();
        if (pair->plan) {
            text_add_string(out, i ? "," : "");
            add_message(out, pair, &message);
        }
        free(message.bytes);
    }
    text_add_string(out, pair->plan ? "]" : "");
}

/* Makes the plan, or says why there is none. The reader's defaults are made as a daemon makes them. */
static void compile(struct pair *pair, struct defaults *defaults, struct arena *arena,
                    struct text *out)
{
    struct err e;

    pair->writer =
        schema_parse("writer", pair->writer_text.bytes, pair->writer_text.size, &e);
    if (pair->writer)
        pair->reader =
            schema_parse("reader", pair->reader_text.bytes, pair->reader_text.size, &e);
    if (!pair->reader || defaults_decode(defaults, pair->reader, arena, &e)) {
        add_named(out, "schema", e.message);
        return;
    }
    pair->plan =
        plan_compile(schema_root(pair->writer), schema_root(pair->reader), defaults, &e);
    if (!pair->plan)
        add_named(out, "plan", e.message);
}

static void answer(struct pair *pair, struct text *out)
{
    struct arena *arena = arena_new();
    struct defaults defaults = {0};

    text_add_string(out, "{");
    compile(pair, &defaults, arena, out);
    add_messages(out, pair);
    text_add_string(out, "}\n");
    plan_free(pair->plan);
    schema_free(pair->reader);
    schema_free(pair->writer);
    arena_free(arena);
}

int main(int count, char **arguments)
{
    bool ask_avro_c = count > 1 && strcmp(arguments[1], "avro-c") == 0;
    struct text out = {0};

    for (int next; (next = getchar()) != EOF;) {
        struct pair pair = {.ask_avro_c = ask_avro_c};
        ungetc(next, stdin);
        pair.writer_text = read_piece();
        pair.reader_text = read_piece();
        text_clear(&out);
        answer(&pair, &out);
        fwrite(out.bytes, 1, out.size, stdout);
        free(pair.writer_text.bytes);
        free(pair.reader_text.bytes);
    }
    text_free(&out);
    return 0;
}
