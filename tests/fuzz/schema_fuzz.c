/* schema_fuzz.c - schemas from anywhere: parsed, compiled with themselves, with each other and with a contract
 * in either role, and run.
 *
 * Input: a schema's text, NUL, another one's text (empty: the same schema), NUL, bytes of a record. */
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/builtin.h"
#include "common/schema.h"
#include "common/text.h"
#include "consumers/runtime/plan.h"
#include "consumers/runtime/reader.h"
#include "tests/fuzz/support.h"

struct input {
    const char *at;
    size_t size;
};

/* What stands before the next NUL, or all there is. */
static struct input take(struct input *input)
{
    const char *end = input->size ? memchr(input->at, '\0', input->size) : NULL;
    struct input part = {input->at, end ? (size_t)(end - input->at) : input->size};
    size_t taken = part.size + (end != NULL);

    input->at += taken;
    input->size -= taken;
    return part;
}

static struct schema_file *parse(struct input text)
{
    struct err e;
    struct schema_file *file = schema_parse("input", text.at, text.size, &e);

    if (!file) {
        MUST(e.outcome == FATAL && e.exit_code == EX_CONFIG);
        fuzz_check_message(e.message);
    }
    return file;
}

static void run(const struct plan *plan, const struct schema *reader, struct input bytes)
{
    static struct arena *arena;
    static struct text json;
    struct reject reject = {0};
    struct value value;

    if (!arena)
        arena = arena_new();
    arena_reset(arena, 1 << 20);
    text_clear(&json);
    if (plan_run(plan, (const uint8_t *)bytes.at, bytes.size, arena, &value, &reject))
        value_json(&json, reader, &value);
    else
        fuzz_check_message(reject.detail);
}

/* True if the writer can be read. */
static bool read_with(const struct schema *writer, const struct schema *reader,
                      const struct defaults *defaults, struct input bytes)
{
    struct err e;
    struct plan *plan = plan_compile(writer, reader, defaults, &e);

    if (plan) {
        run(plan, reader, bytes);
    } else {
        MUST(e.outcome == REJECT);
        fuzz_check_message(e.message);
    }
    plan_free(plan);
    return plan != NULL;
}

static struct reader *contract(void)
{
    static struct reader *reader;
    struct err e;

    if (!reader)
        reader = reader_new(schema_parse(builtin_schemas[0].path, builtin_schemas[0].text,
                                         builtin_schemas[0].size, &e),
                            &e);
    MUST(reader);
    return reader;
}

/* As a reader it needs the fields that every kind has. */
static void read_as_reader(const struct schema_file *file, const struct schema *writer,
                           struct input bytes)
{
    struct err e;
    struct reader *reader = reader_new(file, &e);

    if (!reader) {
        MUST(e.outcome == FATAL);
        fuzz_check_message(e.message);
        return;
    }
    read_with(contract()->schema, reader->schema, &reader->defaults, bytes);
    read_with(writer, reader->schema, &reader->defaults, bytes);
    reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {(const char *)data, size};
    struct input first = take(&input), second = take(&input);
    struct schema_file *reader = parse(first), *writer;

    if (!reader)
        return 0;
    writer = parse(second.size ? second : first);
    MUST(read_with(schema_root(reader), schema_root(reader), NULL, input));
    if (writer) {
        read_with(schema_root(writer), contract()->schema, &contract()->defaults, input);
        read_as_reader(reader, schema_root(writer), input);
    }
    schema_free(writer);
    schema_free(reader);
    return 0;
}
