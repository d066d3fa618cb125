/* decode.c - gridloopctl decode: one framed message as JSON, as far as it can be read. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/arena.h"
#include "common/log.h"
#include "consumers/runtime/peek.h"
#include "deploy/ctl/ctl.h"
#include "deploy/ctl/programs.h"

#define PROGRAM "gridloopctl decode"

enum { MOST_BYTES = 64 << 20 };

struct decode {
    struct ctl_schemas schemas;
    bool hex, base64, redact;
};

#define AT(member) offsetof(struct decode, member)

static const struct option_row rows[] = {
    CTL_SCHEMAS_ROWS(struct decode, schemas),
    {"hex", OPTION_SWITCH, AT(hex), NULL, 0, 0, NULL, "the file is hex digits", false},
    {"base64", OPTION_SWITCH, AT(base64), NULL, 0, 0, NULL, "the file is base64", false},
    {"redact", OPTION_SWITCH, AT(redact), NULL, 0, 0, NULL, "leave out what people typed",
     false},
};

const struct option_set decode_options = {
    .program = PROGRAM,
    .synopsis = "[OPTION...] FILE",
    .purpose = "Prints one message (its value, frame and all) as JSON, or how far it can "
               "be read and what is wrong with it: exit code 0; 1: something is wrong. "
               "FILE \"-\" is standard input.",
    .examples =
        "  gridloopctl decode message.bin\n"
        "  psql -Atc \"select encode(value, 'hex') from bus.dead_letter limit 1\" "
        "| gridloopctl decode --hex -",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .kafka_offset = SIZE_MAX,
};

/* The bits of one character; -1: none. */
static int hex_bits(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return at ? (int)(at - digits) : -1;
}

static int base64_bits(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c == '-' ? '+' : c == '_' ? '/' : c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Text of so many bits a character into bytes, in place; blanks and padding are passed over. */
static enum outcome unpack(struct text *text, int (*bits_of)(char), int bits,
                           struct err *e)
{
    unsigned held = 0;
    int held_bits = 0;
    size_t size = 0;

    for (size_t i = 0; i < text->size; i++) {
        char c = text->bytes[i];
        int value = bits_of(c);
        if (isspace((unsigned char)c) || (c == '=' && bits == 6))
            continue;
        if (value < 0)
            return err_exit(e, EX_DATAERR, "byte %zu is not of this form", i + 1);
        held = held << bits | (unsigned)value;
        held_bits += bits;
        if (held_bits >= 8) {
            held_bits -= 8;
            text->bytes[size++] = (char)(held >> held_bits);
        }
    }
    text->size = size;
    return DONE;
}

static enum outcome read_message(const struct decode *d, const char *path,
                                 struct text *out, struct err *e)
{
    if (d->hex && d->base64)
        return err_exit(e, EX_USAGE, "--hex and --base64 exclude each other");
    if (ctl_read_file(path, MOST_BYTES, out, e))
        return e->outcome;
    if ((d->hex && unpack(out, hex_bits, 4, e))
        || (d->base64 && unpack(out, base64_bits, 6, e)))
        return err_wrap(e, "%s", path);
    return DONE;
}

static enum outcome print(const struct decode *d, const struct text *message,
                          bool *is_good, struct err *e)
{
    struct peek *peek = peek_open(NULL, d->schemas.pg, d->schemas.asked, e);
    struct arena *arena = arena_new();
    struct peeked peeked;
    struct text out = {0};
    enum outcome outcome;

    outcome = peek_message(
        peek, message->size ? (const uint8_t *)message->bytes : (const uint8_t *)"",
        message->size, arena, &peeked, e);
    if (!outcome) {
        text_add_string(&out, "{");
        peek_json(&out, &peeked, d->redact);
        text_add_string(&out, "}");
        *is_good = !peeked.reject.reason;
        if (puts(out.bytes) < 0)
            outcome = err_exit(e, EX_IOERR, "standard output cannot be written");
    }
    text_free(&out);
    arena_free(arena);
    peek_close(peek);
    return outcome;
}

int decode_main(int argc, char **argv)
{
    struct decode d = {0};
    struct option_list operands = {0};
    struct text message = {0};
    bool is_good = false;
    struct err e;
    enum outcome outcome;

    log_set_level("error");
    if (ctl_load_operands(&decode_options, argc, argv, &d, &operands, 1, 1, &e)
        || read_message(&d, operands.items[0], &message, &e)
        || ctl_open_schemas(&d.schemas, &e))
        return ctl_fail(PROGRAM, &e);
    outcome = print(&d, &message, &is_good, &e);
    ctl_close_schemas(&d.schemas);
    text_free(&message);
    return outcome ? ctl_fail(PROGRAM, &e) : is_good ? EX_OK : 1;
}
