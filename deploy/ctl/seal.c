/* seal.c - gridloopctl seal: writes a seal, or makes the key that seals are signed with. */
#include "deploy/ctl/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/sign.h"
#include "common/text.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"

#define PROGRAM "gridloopctl seal"

struct seal {
    struct pg_settings database;
    const char *key_file, *new_key;
};

#define AT(member) offsetof(struct seal, member)

static const struct option_row rows[] = {
    PG_ROWS(struct seal, database, 0, 0),
    {"key_file", OPTION_TEXT, AT(key_file), NULL, 0, 0, "FILE",
     "private Ed25519 key in PEM form that signs", false},
    {"new_key", OPTION_TEXT, AT(new_key), NULL, 0, 0, "FILE",
     "only makes a key: the private half in FILE, the public one in FILE.pub", false},
};

const struct option_set seal_options = {
    .program = PROGRAM,
    .synopsis = "FILE --key-file KEY [OPTION...]",
    .purpose =
        "Writes where the hash chain of every source stands, and which reference data "
        "there are, into FILE, and its signature into FILE.sig; keep both outside the "
        "database. gridloopctl verify --seal FILE finds what was altered or cut off "
        "since, "
        "be it by somebody who can alter the chain as well. Verify before you seal.",
    .examples =
        "  gridloopctl seal --new-key /etc/gridloop/seal.key\n"
        "  gridloopctl seal /mnt/usb/$(date +%F).seal --key-file /etc/gridloop/seal.key "
        "--database-url postgresql://gridloop@db/gridloop",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = SIZE_MAX,
};

/* ---- files ----------------------------------------------------------------------------------------- */

static bool write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno != EINTR)
            return false;
        bytes += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return fsync(file) == 0;
}

/* Never over one that is there: seals and keys are kept. */
static enum outcome write_file(const char *path, mode_t mode, const void *bytes,
                               size_t size, struct err *e)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool written;

    if (file < 0)
        return err_exit(e, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, "%s: %s", path,
                        strerror(errno));
    written = write_all(file, bytes, size);
    if (!written)
        err_exit(e, EX_IOERR, "%s: %s", path, strerror(errno));
    close(file);
    if (!written)
        unlink(path);
    return written ? DONE : FATAL;
}

/* The second goes with the first, or neither is there. */
static enum outcome write_both(const char *path, mode_t mode, const struct text *first,
                               const char *ending, const void *second, size_t size,
                               struct err *e)
{
    struct text other = {0};
    enum outcome outcome;

    text_format(&other, "%s%s", path, ending);
    outcome = write_file(path, mode, first->bytes, first->size, e);
    if (!outcome && write_file(other.bytes, 0644, second, size, e)) {
        outcome = e->outcome;
        unlink(path);
    }
    text_free(&other);
    return outcome;
}

static enum outcome make_key(const char *path, struct err *e)
{
    struct text private = {0}, public = {0};
    enum outcome outcome;

    sign_make_key(&private, &public);
    outcome = write_both(path, 0600, &private, ".pub", public.bytes, public.size, e);
    explicit_bzero(private.bytes, private.size);
    text_free(&private);
    text_free(&public);
    if (!outcome)
        printf("%s signs; give %s.pub to whoever verifies\n", path, path);
    return outcome;
}

/* ---- the text -------------------------------------------------------------------------------------- */

/* A member of every row of a query, in the order of its columns. */
struct member {
    const char *name;
    enum { TEXT, NUMBER, HEX } as;
};

static const struct member source_members[] = {
    {"cluster_id", TEXT},    {"head", HEX},         {"incarnation", NUMBER},
    {"next_offset", NUMBER}, {"partition", NUMBER}, {"source_id", NUMBER},
    {"topic", TEXT},         {"topic_id", TEXT}};

static const struct member reference_members[] = {{"file_sha256", TEXT},
                                                  {"row_count", NUMBER},
                                                  {"rows_sha256", TEXT},
                                                  {"table", TEXT},
                                                  {"version", NUMBER}};

static void add_text(struct text *out, const char *text)
{
    text_add_json_string(out, text, strlen(text));
}

static void add_rows(struct text *out, const struct member *members, size_t count,
                     const struct pg_result *result)
{
    text_add_string(out, "[");
    for (size_t row = 0; row < pg_rows(result); row++) {
        text_add_string(out, row ? ",{" : "{");
        for (size_t i = 0; i < count; i++) {
            const char *value = pg_value(result, row, i);
            text_format(out, "%s\"%s\":", i ? "," : "", members[i].name);
            if (members[i].as == NUMBER)
                text_add_string(out, value);
            else
                add_text(out, members[i].as == HEX ? value + 2 : value);
        }
        text_add_string(out, "}");
    }
    text_add_string(out, "]");
}

/* One snapshot for everything. */
static enum outcome ask(struct pg *pg, struct pg_result **what,
                        struct pg_result **sources, struct pg_result **reference,
                        struct err *e)
{
    static const char what_sql[] =
        "select current_database(), to_char(now(), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
    static const char reference_sql[] =
        "select file_sha256, row_count, rows_sha256, table_name, version "
        "from reference_digest order by table_name, version";

    if (ctl_is_set_up(pg, e) || pg_run(pg, "begin isolation level repeatable read", e)
        || pg_query(pg, what_sql, NULL, 0, what, e)
        || pg_query(pg, ctl_sql("seal_sources"), NULL, 0, sources, e)
        || pg_run(pg, ctl_sql("seal_reference"), e))
        return e->outcome;
    return pg_query(pg, reference_sql, NULL, 0, reference, e);
}

static enum outcome make_text(struct pg *pg, struct text *out, size_t *count,
                              struct err *e)
{
    struct pg_result *what = NULL, *sources = NULL, *reference = NULL;
    enum outcome outcome = ask(pg, &what, &sources, &reference, e);

    if (!outcome) {
        text_add_string(out, "{\"database\":");
        add_text(out, pg_value(what, 0, 0));
        text_add_string(out, ",\"format\":\"" SEAL_FORMAT "\",\"made_at\":");
        add_text(out, pg_value(what, 0, 1));
        text_add_string(out, ",\"reference\":");
        add_rows(out, reference_members, sizeof reference_members / sizeof(struct member),
                 reference);
        text_add_string(out, ",\"sources\":");
        add_rows(out, source_members, sizeof source_members / sizeof(struct member),
                 sources);
        text_add_string(out, "}");
        *count = pg_rows(sources);
    }
    pg_result_free(what);
    pg_result_free(sources);
    pg_result_free(reference);
    return outcome;
}

/* ---- the command ----------------------------------------------------------------------------------- */

static enum outcome seal_database(const struct seal *seal, const char *path,
                                  struct err *e)
{
    struct pg *pg = ctl_open(&seal->database, e);
    uint8_t signature[SIGNATURE_SIZE];
    struct text text = {0};
    size_t count = 0;
    enum outcome outcome = pg ? make_text(pg, &text, &count, e) : e->outcome;

    if (!outcome)
        outcome = sign_bytes(seal->key_file, text.bytes, text.size, signature, e);
    if (!outcome)
        outcome =
            write_both(path, 0644, &text, SEAL_SIGNATURE, signature, sizeof signature, e);
    if (!outcome)
        printf("%s: %zu sources sealed; the signature is in %s" SEAL_SIGNATURE "\n", path,
               count, path);
    text_free(&text);
    pg_close(pg);
    return outcome;
}

static enum outcome check_settings(const struct seal *seal, size_t operands,
                                   struct err *e)
{
    if (seal->new_key)
        return operands == 0
                   ? DONE
                   : err_exit(e, EX_USAGE, "--new-key makes a key, and seals nothing");
    if (operands != 1 || !seal->key_file || !seal->database.url)
        return err_exit(e, EX_USAGE,
                        "needed: FILE, --key-file KEY, --database-url URL (or --new-key "
                        "FILE alone)");
    return DONE;
}

int seal_main(int argc, char **argv)
{
    struct seal seal = {0};
    struct option_list files = {0};
    struct err e = {0};

    if (!ctl_load_operands(&seal_options, argc, argv, &seal, &files, 0, 1, &e)
        && !check_settings(&seal, files.count, &e))
        (void)(seal.new_key ? make_key(seal.new_key, &e)
                            : seal_database(&seal, files.items[0], &e));
    return e.outcome ? ctl_fail(PROGRAM, &e) : EX_OK;
}
