/* seal_load.c - a seal's signature first, then what it says, into temporary tables. */
#include "deploy/ctl/seal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/json.h"
#include "common/sign.h"
#include "deploy/ctl/ctl.h"

enum { MOST_BYTES = 256 << 20, MOST_KEY_BYTES = 16 << 10 };

/* The members that a row of a table is made of, in the order of its statement's parameters. */
struct seal_table {
    const char *name; /* of the array */
    const char *insert;
    const char *members[8];
};

static const struct seal_table tables[] = {
    {"sources",
     "insert into sealed values ($1::integer, $2, $3, $4, $5::integer, $6::integer, "
     "$7::bigint, decode($8, 'hex'))",
     {"source_id", "cluster_id", "topic", "topic_id", "partition", "incarnation",
      "next_offset", "head"}},
    {"reference",
     "insert into sealed_reference values ($1, $2::integer, $3::bigint, $4, $5)",
     {"table", "version", "row_count", "file_sha256", "rows_sha256"}},
};

static enum outcome load_row(struct pg *pg, const struct seal_table *table,
                             const struct json *row, struct err *e)
{
    const char *parameters[8];
    char numbers[8][24];
    size_t count = 0;

    for (; count < 8 && table->members[count]; count++) {
        const struct json *value = json_member(row, table->members[count]);
        parameters[count] = json_text(value);
        if (json_absent(value))
            return err_exit(e, EX_DATAERR, "%s: %s is not there", table->name,
                            table->members[count]);
        if (parameters[count])
            continue;
        snprintf(numbers[count], sizeof numbers[count], "%" PRId64, json_whole(value));
        parameters[count] = numbers[count];
    }
    return pg_query(pg, table->insert, parameters, count, NULL, e);
}

static enum outcome load_tables(struct pg *pg, const struct json *seal, struct err *e)
{
    const char *format = json_text(json_member(seal, "format"));

    if (!format || strcmp(format, SEAL_FORMAT) != 0)
        return err_exit(e, EX_DATAERR, "its format is not \"" SEAL_FORMAT "\"");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const struct json *list = json_member(seal, tables[i].name);
        for (size_t j = 0; j < json_count(list); j++)
            if (load_row(pg, &tables[i], json_item(list, j), e))
                return e->outcome;
    }
    return DONE;
}

static enum outcome check_signature(const char *seal_file, const char *key_file,
                                    const struct text *seal, struct err *e)
{
    struct text name = {0}, signature = {0}, key = {0};
    enum outcome outcome;

    text_format(&name, "%s" SEAL_SIGNATURE, seal_file);
    outcome = ctl_read_file(name.bytes, SIGNATURE_SIZE, &signature, e);
    if (!outcome)
        outcome = ctl_read_file(key_file, MOST_KEY_BYTES, &key, e);
    if (!outcome && signature.size != SIGNATURE_SIZE)
        outcome = err_exit(e, EX_DATAERR, "%s: no signature of %d bytes", name.bytes,
                           SIGNATURE_SIZE);
    if (!outcome) {
        text_add_string(&key, "");
        outcome = sign_check(key.bytes, seal->bytes, seal->size,
                             (const uint8_t *)signature.bytes, e);
        if (outcome == REJECT)
            outcome =
                err_exit(e, EX_DATAERR,
                         "%s is not signed by the key of %s: it, its signature or the "
                         "key is another one",
                         seal_file, key_file);
        else if (outcome)
            err_wrap(e, "%s", key_file);
    }
    text_free(&name);
    text_free(&signature);
    text_free(&key);
    return outcome;
}

enum outcome seal_load(struct pg *pg, const char *seal_file, const char *public_key_file,
                       struct err *e)
{
    struct text text = {0};
    struct json *seal = NULL;
    enum outcome outcome = ctl_read_file(seal_file, MOST_BYTES, &text, e);

    if (!outcome)
        outcome = check_signature(seal_file, public_key_file, &text, e);
    if (!outcome && !(seal = json_parse(text.bytes, text.size, e)))
        outcome = err_wrap(e, "%s", seal_file);
    if (!outcome && load_tables(pg, seal, e))
        outcome = err_wrap(e, "%s", seal_file);
    if (!outcome)
        outcome = pg_run(pg, ctl_sql("seal_reference"), e);
    json_free(seal);
    text_free(&text);
    return outcome;
}
