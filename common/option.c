/* option.c - first everything that was given is listed, whoever gave it; then it is put
 * into the settings, the weakest source first, so that the strongest one stays. */
#include "common/option.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/option_help.h"
#include "common/secret.h"
#include "common/text.h"

enum {
    MOST_LINE = 64 * 1024,
    MOST_FILE = 1024 * 1024,
    MOST_NAME = 64,
    MOST_NAME_PART = 200
};

/* In the order in which they win. */
enum source { FROM_NOWHERE, FROM_TABLE, FROM_FILE, FROM_ENVIRONMENT, FROM_COMMAND_LINE };

static const int exit_codes[] = {EX_USAGE, EX_SOFTWARE, EX_CONFIG, EX_CONFIG, EX_USAGE};

struct given {
    struct given *next;
    enum source source;
    const struct option_row *row; /* NULL: a property of Kafka */
    const char *property;
    const char *value;
    const char *label; /* what its writer called it: "--batch-rows", "a.conf:12: x" */
    const char *where; /* struct option_shown */
    size_t line;       /* of the file */
};

struct loader {
    const struct option_set *set;
    const struct option_look *look;
    bool has_complained;
    struct arena *arena;
    struct err *e;
    struct given *first, **last;
    size_t given_count;
    const char *config;           /* the file; NULL: none */
    struct option_list *operands; /* NULL: none are allowed */
    const struct given **winners; /* each row's present value; NULL: it has none */
    struct kafka_properties kafka;
};

/* Whether to look for more problems behind the one in *e. */
static bool goes_on(struct loader *l)
{
    if (!l->look->complain)
        return false;
    l->look->complain(l->look->context, l->e);
    l->has_complained = true;
    return true;
}

/* ---- names ---- */

static const char *copy(struct loader *l, const char *text)
{
    return arena_copy(l->arena, text, strlen(text));
}

static char *join(struct loader *l, const char *a, const char *b)
{
    char *joined = arena_take(l->arena, strlen(a) + strlen(b) + 1);

    strcpy(stpcpy(joined, a), b);
    return joined;
}

/* A copy with each from replaced by to. */
static char *swapped(struct loader *l, const char *text, char from, char to)
{
    char *name = arena_copy(l->arena, text, strlen(text));

    for (char *at = name; *at; at++)
        if (*at == from)
            *at = to;
    return name;
}

static char *flag_of(struct loader *l, const char *name)
{
    return join(l, "--", swapped(l, name, '_', '-'));
}

static char *variable_of(struct loader *l, const char *name)
{
    char *variable = join(l, "GRIDLOOP_", name);

    for (char *at = variable; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return variable;
}

static bool takes_kafka(const struct loader *l)
{
    return l->set->kafka_offset != SIZE_MAX;
}

/* "session.timeout.ms" of "kafka.session.timeout.ms"; NULL: no such thing. */
static const char *property_of(const struct loader *l, const char *name)
{
    static const char prefix[] = "kafka.";

    if (!takes_kafka(l) || strncmp(name, prefix, sizeof prefix - 1) != 0)
        return NULL;
    return name[sizeof prefix - 1] ? name + sizeof prefix - 1 : NULL;
}

static const struct option_row *find(const struct option_row *rows, size_t count,
                                     const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static const struct option_row *find_row(const struct loader *l, const char *name)
{
    return find(l->set->rows, l->set->row_count, name);
}

/* name has hyphens; with underscores it is unknown, as it is everywhere else. */
static const struct option_row *find_flag(struct loader *l, const char *name)
{
    const char *key = swapped(l, name, '-', '_');
    const struct option_row *row;

    if (strchr(name, '_'))
        return NULL;
    row = find_row(l, key);
    return row ? row : find(option_common, OPTION_COMMON_COUNT, key);
}

/* ---- the nearest name ---- */

static void nearer(const struct option_row *rows, size_t count, const char *name,
                   const char **best, size_t *best_distance)
{
    for (size_t i = 0; i < count; i++) {
        size_t d = text_distance(name, rows[i].name);
        if (d < *best_distance) {
            *best = rows[i].name;
            *best_distance = d;
        }
    }
}

/* The key that was probably meant; NULL: nothing is near. */
static const char *nearest(struct loader *l, const char *name, bool with_common)
{
    const char *key = swapped(l, name, '-', '_');
    size_t most = (strlen(name) + 1) / 3 + 1; /* a third of it may be wrong */
    const char *best = NULL;

    if (strlen(name) >= MOST_NAME)
        return NULL;
    if (takes_kafka(l) && strncmp(key, "kafka_", 6) == 0)
        return swapped(l, key, '_', '.');
    nearer(l->set->rows, l->set->row_count, key, &best, &most);
    if (with_common)
        nearer(option_common, OPTION_COMMON_COUNT, key, &best, &most);
    return best;
}

/* ---- what is given ---- */

static void add(struct loader *l, struct given given)
{
    struct given *kept = arena_take(l->arena, sizeof *kept);

    *kept = given;
    kept->next = NULL;
    kept->value = copy(l, given.value);
    *l->last = kept;
    l->last = &kept->next;
    l->given_count++;
}

static void add_fallbacks(struct loader *l)
{
    for (size_t i = 0; i < l->set->row_count; i++) {
        const struct option_row *row = &l->set->rows[i];
        if (row->fallback)
            add(l, (struct given){.source = FROM_TABLE,
                                  .row = row,
                                  .value = row->fallback,
                                  .label = row->name,
                                  .where = "default"});
    }
}

/* ---- the command line ---- */

static enum outcome unknown_flag(struct loader *l, const char *name)
{
    const char *near = nearest(l, name, true);

    if (near)
        return err_exit(l->e, EX_USAGE, "unknown option '--%s'; did you mean '%s'?", name,
                        flag_of(l, near));
    return err_exit(l->e, EX_USAGE, "unknown option '--%s'; --help lists them", name);
}

static enum outcome take_common(struct loader *l, const struct option_row *row,
                                const char *value)
{
    if (row == &option_common[OPTION_CONFIG]) {
        if (!*value)
            return err_exit(l->e, EX_USAGE, "--config needs the name of a file");
        l->config = copy(l, value);
        return DONE;
    }
    if (row == &option_common[OPTION_HELP])
        option_print_help(l->set);
    else
        printf("%s %s\n", l->set->program, GRIDLOOP_VERSION);
    exit(fflush(stdout) == 0 ? EX_OK : EX_IOERR);
}

struct flag {
    const char *name; /* without "--" and "=value" */
    const char *value;
    const struct option_row *row;
    const char *property;
};

/* Which option this is, and its value where the same argument has it. False: none. */
static bool parse_flag(struct loader *l, const char *argument, struct flag *flag)
{
    const char *sign = strchr(argument, '=');

    *flag = (struct flag){.name = argument};
    if (sign) {
        flag->name = arena_copy(l->arena, argument, (size_t)(sign - argument));
        flag->value = sign + 1;
    }
    flag->row = find_flag(l, flag->name);
    if (!flag->row)
        flag->property = property_of(l, flag->name);
    if (!flag->row && !flag->value && strncmp(flag->name, "no-", 3) == 0) {
        flag->row = find_flag(l, flag->name + 3);
        if (flag->row
            && (flag->row->type != OPTION_SWITCH || option_is_common(flag->row)))
            flag->row = NULL;
        flag->value = "false";
    } else if (flag->row && flag->row->type == OPTION_SWITCH && !flag->value) {
        flag->value = "true";
    }
    return flag->row || flag->property;
}

/* argv[*i] is a flag; *i moves on where its value is the next argument. */
static enum outcome take_flag(struct loader *l, char **argv, int *i)
{
    struct flag flag;
    const char *label;

    if (!parse_flag(l, argv[*i] + 2, &flag))
        return unknown_flag(l, flag.name);
    label = join(l, "--", flag.name);
    if (!flag.value) {
        const char *next = argv[*i + 1];
        if (!next || strncmp(next, "--", 2) == 0)
            return err_exit(l->e, EX_USAGE, "%s needs a value", label);
        flag.value = next;
        ++*i;
    }
    if (flag.row && option_is_common(flag.row))
        return take_common(l, flag.row, flag.value);
    add(l, (struct given){.source = FROM_COMMAND_LINE,
                          .row = flag.row,
                          .property = flag.property,
                          .value = flag.value,
                          .label = label,
                          .where = "command line"});
    return DONE;
}

static enum outcome take_operand(struct loader *l, const char *operand)
{
    if (!l->operands)
        return err_exit(l->e, EX_USAGE, "unexpected argument '%s'", operand);
    l->operands->items[l->operands->count++] = copy(l, operand);
    return DONE;
}

/* "-" alone is an operand: standard input. */
static bool looks_like_option(const char *argument)
{
    return argument[0] == '-' && argument[1] != '\0';
}

static enum outcome take_argument(struct loader *l, char **argv, int *i)
{
    if (!looks_like_option(argv[*i]))
        return take_operand(l, argv[*i]);
    if (argv[*i][1] != '-')
        return err_exit(l->e, EX_USAGE, "unknown option '%s'; --help lists them",
                        argv[*i]);
    return take_flag(l, argv, i);
}

static enum outcome read_command_line(struct loader *l, int argc, char **argv)
{
    enum outcome outcome = DONE;
    int i = 1;

    if (l->operands)
        *l->operands = (struct option_list){
            arena_take_array(l->arena, (size_t)argc + 1, sizeof(char *)), 0};
    for (; i < argc && outcome == DONE && strcmp(argv[i], "--") != 0; i++)
        outcome = take_argument(l, argv, &i);
    for (i++; i < argc && outcome == DONE; i++)
        outcome = take_operand(l, argv[i]);
    return outcome;
}

/* ---- the environment ---- */

static void read_rows_variables(struct loader *l)
{
    for (size_t i = 0; i < l->set->row_count; i++) {
        const char *variable = variable_of(l, l->set->rows[i].name);
        const char *value = getenv(variable);
        if (value && *value)
            add(l, (struct given){.source = FROM_ENVIRONMENT,
                                  .row = &l->set->rows[i],
                                  .value = value,
                                  .label = variable,
                                  .where = "environment"});
    }
}

/* "kafka_session_timeout_ms" of "GRIDLOOP_KAFKA_SESSION_TIMEOUT_MS=6000"; NULL:
 * something else. */
static char *kafka_variable(struct loader *l, const char *entry, const char *sign)
{
    static const char prefix[] = "GRIDLOOP_KAFKA_";
    char *key;

    if (!sign || strncmp(entry, prefix, sizeof prefix - 1) != 0
        || sign == entry + sizeof prefix - 1)
        return NULL;
    key = arena_copy(l->arena, entry + 9, (size_t)(sign - entry) - 9);
    for (char *at = key; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return key;
}

static void read_kafka_variables(struct loader *l)
{
    for (char **entry = environ; *entry && takes_kafka(l); entry++) {
        const char *sign = strchr(*entry, '=');
        const char *key = kafka_variable(l, *entry, sign);
        if (key && sign[1] && !find_row(l, key))
            add(l, (struct given){.source = FROM_ENVIRONMENT,
                                  .property = swapped(l, key + 6, '_', '.'),
                                  .value = sign + 1,
                                  .label = variable_of(l, key),
                                  .where = "environment"});
    }
}

/* ---- the file ---- */

struct config_line {
    const char *place; /* "gridloop.conf:12" */
    size_t number;
    char *key, *value;
};

static enum outcome bad_line(struct loader *l, const struct config_line *line,
                             const char *reason)
{
    return err_exit(l->e, EX_CONFIG, "%s: %s", line->place, reason);
}

/* Without blanks and tabs around it. */
static char *trimmed(struct loader *l, const char *text, size_t size)
{
    while (size > 0 && isblank((unsigned char)text[size - 1]))
        size--;
    while (size > 0 && isblank((unsigned char)*text)) {
        text++;
        size--;
    }
    return arena_copy(l->arena, text, size);
}

/* NULL: nothing is wrong with it as text. */
static const char *wrong_with(const char *text, size_t size)
{
    bool has_nul;

    if (size > MOST_LINE)
        return "a line of more than 65536 bytes";
    if (!text_is_utf8(text, size, NULL, &has_nul))
        return "not UTF-8";
    if (has_nul)
        return "a NUL byte";
    if (memchr(text, '\r', size))
        return "a carriage return; lines end with a line feed alone";
    return NULL;
}

static bool is_key(const char *key)
{
    for (const char *at = key; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("_.-", *at))
            return false;
    return *key != '\0';
}

static enum outcome unknown_key(struct loader *l, const struct config_line *line)
{
    const char *near = nearest(l, line->key, false);

    if (near)
        return err_exit(l->e, EX_CONFIG, "%s: unknown key '%s'; did you mean '%s'?",
                        line->place, line->key, near);
    return err_exit(l->e, EX_CONFIG, "%s: unknown key '%s'", line->place, line->key);
}

static bool is_same(const struct given *a, const struct given *b)
{
    if (a->row || b->row)
        return a->row == b->row;
    return strcmp(a->property, b->property) == 0;
}

static const struct given *find_in_file(const struct loader *l, const struct given *given)
{
    for (const struct given *g = l->first; g; g = g->next)
        if (g->source == FROM_FILE && is_same(g, given))
            return g;
    return NULL;
}

static enum outcome take_pair(struct loader *l, const struct config_line *line)
{
    struct given given = {.source = FROM_FILE,
                          .value = line->value,
                          .where = line->place,
                          .line = line->number};
    const struct given *before;

    given.row = find_row(l, line->key);
    if (!given.row)
        given.property = property_of(l, line->key);
    if (!given.row && !given.property)
        return unknown_key(l, line);
    before = find_in_file(l, &given);
    if (before)
        return err_exit(l->e, EX_CONFIG, "%s: '%s' stands in line %zu already",
                        line->place, line->key, before->line);
    given.label = join(l, join(l, line->place, ": "), line->key);
    add(l, given);
    return DONE;
}

static enum outcome take_line(struct loader *l, struct config_line *line,
                              const char *text, size_t size)
{
    const char *wrong = wrong_with(text, size);
    const char *start, *sign;

    if (wrong)
        return bad_line(l, line, wrong);
    start = trimmed(l, text, size);
    if (*start == '\0' || *start == '#')
        return DONE;
    sign = strchr(start, '=');
    if (!sign)
        return bad_line(l, line, "not 'key = value'");
    line->key = trimmed(l, start, (size_t)(sign - start));
    line->value = trimmed(l, sign + 1, strlen(sign + 1));
    if (!is_key(line->key))
        return bad_line(l, line,
                        "no key in front of '='; keys are of a-z, 0-9, '_' and '.'");
    return take_pair(l, line);
}

static enum outcome take_lines(struct loader *l, const char *path, const char *text,
                               size_t size)
{
    size_t number = 1;

    while (size > 0) {
        const char *feed = memchr(text, '\n', size);
        size_t length = feed ? (size_t)(feed - text) : size;
        struct text place = {0};
        struct config_line line = {.number = number++};

        text_format(&place, "%s:%zu", path, line.number);
        line.place = copy(l, place.bytes);
        text_free(&place);
        if (take_line(l, &line, text, length) && !goes_on(l))
            return l->e->outcome;
        size -= length + (feed != NULL);
        text += length + (feed != NULL);
    }
    return DONE;
}

static enum outcome slurp(struct loader *l, const char *path, char *text, size_t room,
                          size_t *size)
{
    FILE *file = fopen(path, "rbe");
    bool failed;

    if (!file)
        return err_exit(l->e, EX_CONFIG, "reading %s: %s", path, strerror(errno));
    *size = fread(text, 1, room, file);
    failed = ferror(file);
    if (failed)
        err_exit(l->e, EX_CONFIG, "reading %s: %s", path, strerror(errno));
    fclose(file);
    return failed ? FATAL : DONE;
}

static enum outcome read_file(struct loader *l)
{
    const char *path = l->config ? l->config : getenv("GRIDLOOP_CONFIG");
    enum outcome outcome;
    size_t size = 0;
    char *text;

    if (!path || !*path)
        return DONE;
    text = xmalloc(MOST_FILE + 1);
    outcome = slurp(l, path, text, MOST_FILE + 1, &size);
    if (!outcome && size > MOST_FILE)
        outcome = err_exit(l->e, EX_CONFIG, "%s: more than 1048576 bytes", path);
    if (!outcome)
        outcome = take_lines(l, path, text, size);
    free(text);
    return outcome;
}

/* ---- values ---- */

static enum outcome bad_value(struct loader *l, const struct given *given,
                              const char *expected)
{
    return err_exit(l->e, exit_codes[given->source], "%s: '%s' is not %s", given->label,
                    given->value, expected);
}

static enum outcome bad_number(struct loader *l, const struct given *given,
                               const char *expected)
{
    struct text t = {0};
    enum outcome outcome;

    text_add_string(&t, expected);
    option_add_range(&t, given->row);
    outcome = bad_value(l, given, t.bytes);
    text_free(&t);
    return outcome;
}

static bool in_range(const struct option_row *row, double number)
{
    return number >= row->minimum && number <= row->maximum;
}

static enum outcome set_number(struct loader *l, const struct given *given, void *member)
{
    const char *value = given->value;
    char *end;
    int64_t number;

    errno = 0;
    number = strtoll(value, &end, 10);
    if (strspn(value, "-0123456789") != strlen(value) || end == value || *end || errno
        || !in_range(given->row, (double)number))
        return bad_number(l, given, "a whole number");
    *(int64_t *)member = number;
    return DONE;
}

/* strtod() alone would take "nan", "0x1p3" and leading blanks. */
static enum outcome set_real(struct loader *l, const struct given *given, void *member)
{
    const char *value = given->value;
    char *end;
    double number = strtod(value, &end);

    if (strspn(value, "-+.eE0123456789") != strlen(value) || end == value || *end
        || !isfinite(number) || !in_range(given->row, number))
        return bad_number(l, given, "a number");
    *(double *)member = number;
    return DONE;
}

static enum outcome set_text(struct loader *l, const struct given *given, void *member)
{
    (void)l;
    *(const char **)member = given->value;
    return DONE;
}

static enum outcome set_name(struct loader *l, const struct given *given, void *member)
{
    size_t size = strspn(given->value, "abcdefghijklmnopqrstuvwxyz0123456789._-"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    if (size == 0 || size > MOST_NAME_PART || given->value[size])
        return bad_value(l, given,
                         "a name of 1 to 200 letters, digits, '.', '_' and '-'");
    return set_text(l, given, member);
}

static enum outcome set_choice(struct loader *l, const struct given *given, void *member)
{
    if (text_is_among(given->value, given->row->choices))
        return set_text(l, given, member);
    return bad_value(l, given, join(l, "one of ", given->row->choices));
}

static enum outcome set_switch(struct loader *l, const struct given *given, void *member)
{
    bool on = strcmp(given->value, "true") == 0;

    if (!on && strcmp(given->value, "false") != 0)
        return bad_value(l, given, "true or false");
    *(bool *)member = on;
    return DONE;
}

static enum source source_of(const struct loader *l, const struct option_row *row)
{
    const struct given *winner = l->winners[row - l->set->rows];

    return winner ? winner->source : FROM_NOWHERE;
}

/* A stronger source replaces the list of a weaker one, it does not add to it. */
static enum outcome set_list(struct loader *l, const struct given *given, void *member)
{
    struct option_list *list = member;

    if (given->source > source_of(l, given->row))
        *list = (struct option_list){
            arena_take_array(l->arena, l->given_count, sizeof *list->items), 0};
    list->items[list->count++] = given->value;
    return DONE;
}

static enum outcome (*const set_member[])(struct loader *, const struct given *,
                                          void *) = {
    [OPTION_TEXT] = set_text,     [OPTION_NAME] = set_name, [OPTION_CHOICE] = set_choice,
    [OPTION_NUMBER] = set_number, [OPTION_REAL] = set_real, [OPTION_SWITCH] = set_switch,
    [OPTION_SECRET] = set_text,   [OPTION_LIST] = set_list,
};

static void set_property(struct loader *l, const struct given *given)
{
    struct kafka_properties *kafka = &l->kafka;
    size_t i = 0;

    while (i < kafka->count && strcmp(kafka->items[i].name, given->property) != 0)
        i++;
    kafka->items[i] =
        (struct kafka_property){given->property, given->value, given->where};
    if (i == kafka->count)
        kafka->count++;
}

static enum outcome apply(struct loader *l, const struct given *given, char *settings)
{
    const struct option_row *row = given->row;
    const struct given **winner;
    enum outcome outcome;

    if (!row) {
        set_property(l, given);
        return DONE;
    }
    winner = &l->winners[row - l->set->rows];
    outcome = set_member[row->type](l, given, settings + row->offset);
    *winner = (row->marks & OPTION_REQUIRED) && !*given->value ? NULL : given;
    return outcome;
}

static enum outcome apply_all(struct loader *l, char *settings)
{
    l->winners = arena_take_array(l->arena, l->set->row_count + 1, sizeof *l->winners);
    memset(l->winners, 0, l->set->row_count * sizeof *l->winners);
    l->kafka.items =
        arena_take_array(l->arena, l->given_count + 1, sizeof *l->kafka.items);
    for (int source = FROM_TABLE; source <= FROM_COMMAND_LINE; source++)
        for (const struct given *given = l->first; given; given = given->next)
            if ((int)given->source == source && apply(l, given, settings) && !goes_on(l))
                return l->e->outcome;
    return DONE;
}

/* ---- what is in force ---- */

static enum outcome check_required(struct loader *l)
{
    for (size_t i = 0; i < l->set->row_count; i++) {
        const char *name = l->set->rows[i].name;
        if (!(l->set->rows[i].marks & OPTION_REQUIRED) || l->winners[i])
            continue;
        err_exit(l->e, EX_USAGE, "%s (or %s, or %s in the file) is required",
                 flag_of(l, name), variable_of(l, name), name);
        if (!goes_on(l))
            return FATAL;
    }
    return DONE;
}

/* Only the file that will be used has to be there. */
static enum outcome check_secrets(struct loader *l)
{
    char secret[SECRET_BYTES];

    for (size_t i = 0; i < l->set->row_count; i++) {
        const struct given *given = l->winners[i];
        if (!given || l->set->rows[i].type != OPTION_SECRET)
            continue;
        if (secret_read(given->value, secret, sizeof secret, l->e)) {
            err_wrap(l->e, "%s", given->label);
            if (!goes_on(l))
                return FATAL;
        }
        explicit_bzero(secret, sizeof secret);
    }
    return DONE;
}

/* One that is wrong alone is not looked at again with the others. */
static enum outcome check_properties(struct loader *l, char *settings)
{
    size_t good = 0;

    for (size_t i = 0; i < l->kafka.count; i++) {
        struct kafka_property *p = &l->kafka.items[i];
        if (!l->set->check_property || !l->set->check_property(p, l->e))
            l->kafka.items[good++] = *p;
        else if (!goes_on(l))
            return FATAL;
    }
    l->kafka.count = good;
    if (takes_kafka(l))
        memcpy(settings + l->set->kafka_offset, &l->kafka, sizeof l->kafka);
    return DONE;
}

/* Where the first of the two that was given stands; NULL: neither was. */
static const char *place_of(const struct loader *l, const char *const keys[2])
{
    for (int i = 0; i < 2 && keys[i]; i++) {
        const struct option_row *row = find_row(l, keys[i]);
        if (row && source_of(l, row) > FROM_TABLE)
            return l->winners[row - l->set->rows]->where;
    }
    return NULL;
}

static enum outcome check_together(struct loader *l, const void *settings)
{
    for (option_check *const *check = l->set->checks; check && *check; check++) {
        const char *keys[2] = {NULL, NULL};
        const char *place;
        if (!(*check)(settings, keys, l->e))
            continue;
        place = place_of(l, keys);
        if (place)
            err_wrap(l->e, "%s", place);
        if (!goes_on(l))
            return FATAL;
    }
    if (l->set->check_properties && l->set->check_properties(&l->kafka, l->e)
        && !goes_on(l))
        return FATAL;
    return DONE;
}

/* Of a list every item that its strongest source gave. */
static void show_row(const struct loader *l, const struct given *winner)
{
    for (const struct given *given = l->first; given; given = given->next)
        if (given == winner
            || (winner->row->type == OPTION_LIST && given->row == winner->row
                && given->source == winner->source))
            l->look->show(
                l->look->context,
                &(struct option_shown){given->row->name, given->value, given->where});
}

static void show_all(struct loader *l)
{
    for (size_t i = 0; i < l->set->row_count; i++)
        if (l->winners[i])
            show_row(l, l->winners[i]);
    for (size_t i = 0; i < l->kafka.count; i++) {
        const struct kafka_property *p = &l->kafka.items[i];
        l->look->show(l->look->context, &(struct option_shown){join(l, "kafka.", p->name),
                                                               p->value, p->where});
    }
}

/* ---- the calls ---- */

enum outcome options_look(const struct option_set *set, const struct option_look *look,
                          int argc, char **argv, void *settings,
                          struct option_list *operands, struct err *e)
{
    struct loader l = {
        .set = set, .look = look, .arena = look->arena, .e = e, .operands = operands};

    l.last = &l.first;
    add_fallbacks(&l);
    if (read_command_line(&l, argc, argv) || (read_file(&l) && !goes_on(&l)))
        return e->outcome;
    read_rows_variables(&l);
    read_kafka_variables(&l);
    if (apply_all(&l, settings) || check_required(&l) || check_secrets(&l)
        || check_properties(&l, settings) || check_together(&l, settings))
        return e->outcome;
    if (l.has_complained)
        return FATAL;
    if (look->show)
        show_all(&l);
    return DONE;
}

enum outcome options_load(const struct option_set *set, int argc, char **argv,
                          void *settings, struct option_list *operands, struct err *e)
{
    static struct arena *texts; /* never freed: the settings point into it */

    if (!texts)
        texts = arena_new();
    return options_look(set, &(struct option_look){.arena = texts}, argc, argv, settings,
                        operands, e);
}

int err_report(const char *program, const struct err *e)
{
    if (e->outcome == DONE)
        return EX_OK;
    fprintf(stderr, "%s: %s\n", program, e->message);
    if (e->outcome == RETRY)
        return EX_TEMPFAIL;
    return e->outcome == REJECT ? EX_DATAERR : e->exit_code;
}
