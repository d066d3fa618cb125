/* schema_test.c - what a schema may be, what it becomes, and the place that a refusal names. In the schemas of
 * this file ' stands for ". */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/builtin.h"
#include "common/hash.h"
#include "common/schema.h"
#include "common/text.h"

#define ROWS(table) (sizeof(table) / sizeof *(table))

/* ---- help ---- */

static char *json_of(const char *quoted)
{
    char *json = xstrdup(quoted);

    for (char *c = json; *c; c++)
        if (*c == '\'')
            *c = '"';
    return json;
}

static struct schema_file *try_parse(const char *quoted, struct err *e)
{
    char *json = json_of(quoted);
    struct schema_file *file = schema_parse("test.avsc", json, strlen(json), e);

    free(json);
    return file;
}

static struct schema_file *parse(const char *quoted)
{
    struct err e;
    struct schema_file *file = try_parse(quoted, &e);

    if (!file)
        fail_msg("%s refused: %s", quoted, e.message);
    return file;
}

static void assert_refused(const char *quoted, const char *message)
{
    struct err e;

    if (try_parse(quoted, &e))
        fail_msg("accepted: %s", quoted);
    assert_string_equal(e.message, message);
    assert_int_equal(e.outcome, FATAL);
    assert_int_equal(e.exit_code, EX_CONFIG);
}

/* A record R with one field f: type and what else stands in the field. */
static char *field_of(const char *type, const char *rest)
{
    static char quoted[4096];

    snprintf(quoted, sizeof quoted,
             "{'type':'record','name':'R','fields':[{'name':'f','type':%s%s%s}]}", type,
             *rest ? "," : "", rest);
    return quoted;
}

static void assert_field_refused(const char *type, const char *rest, const char *message)
{
    char expected[400];

    snprintf(expected, sizeof expected, "test.avsc: %s", message);
    assert_refused(field_of(type, rest), expected);
}

static const struct schema_field *only_field(const struct schema_file *file)
{
    return &schema_root(file)->fields[0];
}

/* ---- refusals ---- */

static void test_what_is_no_json_is_refused_with_its_line(void **state)
{
    struct err e;

    (void)state;
    assert_null(try_parse("{'type':\n 'record',}", &e));
    assert_non_null(strstr(e.message, "test.avsc: line 2: not JSON"));
    assert_int_equal(e.exit_code, EX_CONFIG);
    assert_null(try_parse("{'type':'int','type':'long'}", &e));
    assert_non_null(strstr(e.message, "line 1: not JSON"));
    assert_null(try_parse("", &e));
    assert_null(try_parse("'int' 'int'", &e));
}

static void test_a_type_has_to_be_a_type(void **state)
{
    (void)state;
    assert_refused("7", "test.avsc: schema: a type is missing");
    assert_refused("{}", "test.avsc: schema: a type needs \"type\"");
    assert_refused("{'name':'R'}", "test.avsc: schema: a type needs \"type\"");
    assert_refused("'integer'", "test.avsc: schema: unknown type integer");
    assert_refused("[]", "test.avsc: schema: a union needs a branch");
    assert_refused("{'type':'array'}", "test.avsc: items: a type is missing");
    assert_refused("{'type':'map'}", "test.avsc: values: a type is missing");
    assert_field_refused("'timestamp'", "", "f: unknown type timestamp");
}

static void test_a_nested_union_is_refused(void **state)
{
    (void)state;
    assert_refused("['null',['int','string']]",
                   "test.avsc: schema: a union stands directly in a union");
    assert_field_refused("['null',{'type':['int']}]", "",
                         "f: a union stands directly in a union");
}

static void test_a_doubled_branch_is_refused(void **state)
{
    (void)state;
    assert_field_refused("['int','null','int']", "",
                         "f: a union has the same branch twice");
    assert_field_refused(
        "[{'type':'array','items':'int'},{'type':'array','items':'long'}]", "",
        "f: a union has the same branch twice");
    assert_field_refused("[{'type':'fixed','name':'F','size':1},'F']", "",
                         "f: a union has the same branch twice");
    schema_free(parse("[{'type':'fixed','name':'F','size':1},"
                      "{'type':'fixed','name':'G','size':1}]"));
}

static void test_a_union_has_at_most_255_branches(void **state)
{
    struct text quoted = {0};

    (void)state;
    for (int i = 0; i < 256; i++)
        text_format(&quoted, "%s{'type':'fixed','name':'F%d','size':1}", i ? "," : "[",
                    i);
    text_add_string(&quoted, "]");
    assert_refused(quoted.bytes, "test.avsc: schema: a union of more than 255 branches");
    text_free(&quoted);
}

static void test_a_name_holds_no_nul(void **state)
{
    (void)state;
    assert_refused("'int\\u0000'", "test.avsc: schema: a type is missing");
    assert_refused("{'type':'enum','name':'E','symbols':['A'],'default':'A\\u0000'}",
                   "test.avsc: schema: the enum's default is none of its symbols");
    assert_refused(
        "{'type':'record','name':'R','fields':[{'name':'a\\u0000','type':'int'}]}",
        "test.avsc: schema: a field needs a \"name\" that Avro allows");
}

static void test_a_doubled_field_is_refused(void **state)
{
    (void)state;
    assert_refused("{'type':'record','name':'R','fields':["
                   "{'name':'a','type':'int'},{'name':'a','type':'int'}]}",
                   "test.avsc: schema: field stands twice: a");
}

static void test_a_doubled_symbol_is_refused(void **state)
{
    (void)state;
    assert_field_refused("{'type':'enum','name':'E','symbols':['A','B','A']}", "",
                         "f: symbol stands twice: A");
}

static void test_an_enum_needs_symbols_and_a_default_among_them(void **state)
{
    (void)state;
    assert_field_refused("{'type':'enum','name':'E'}", "",
                         "f: an enum needs \"symbols\"");
    assert_field_refused("{'type':'enum','name':'E','symbols':[]}", "",
                         "f: an enum needs \"symbols\"");
    assert_field_refused("{'type':'enum','name':'E','symbols':'A'}", "",
                         "f: \"symbols\" must be an array of names");
    assert_field_refused("{'type':'enum','name':'E','symbols':['A'],'default':'B'}", "",
                         "f: the enum's default is none of its symbols");
    assert_field_refused("{'type':'enum','name':'E','symbols':['A'],'default':0}", "",
                         "f: the enum's default is none of its symbols");
}

static void test_a_fixed_needs_a_size_from_1_to_1_mib(void **state)
{
    static const char message[] = "f: a fixed needs a \"size\" from 1 to 1048576";

    (void)state;
    assert_field_refused("{'type':'fixed','name':'F','size':-2}", "", message);
    assert_field_refused("{'type':'fixed','name':'F','size':0}", "", message);
    assert_field_refused("{'type':'fixed','name':'F','size':1048577}", "", message);
    assert_field_refused("{'type':'fixed','name':'F','size':'4'}", "", message);
    assert_field_refused("{'type':'fixed','name':'F'}", "", message);
    schema_free(parse("{'type':'fixed','name':'F','size':1048576}"));
}

static void test_names_that_avro_does_not_allow_are_refused(void **state)
{
    static const char *const names[] = {"1a", "a-b", "a b", "",        "a..b",
                                        ".a", "a.",  "名",  "a\\u0000"};
    char quoted[200];

    (void)state;
    for (size_t i = 0; i < ROWS(names); i++) {
        struct err e;
        snprintf(quoted, sizeof quoted, "{'type':'record','name':'%s','fields':[]}",
                 names[i]);
        assert_null(try_parse(quoted, &e));
        snprintf(quoted, sizeof quoted,
                 "{'type':'record','name':'R','fields':[{'name':'%s','type':'int'}]}",
                 names[i]);
        assert_null(try_parse(quoted, &e));
        snprintf(quoted, sizeof quoted, "{'type':'enum','name':'E','symbols':['%s']}",
                 names[i]);
        assert_null(try_parse(quoted, &e));
    }
}

static void test_simple_names_have_no_dots(void **state)
{
    (void)state;
    assert_field_refused("{'type':'enum','name':'E','symbols':['A.B']}", "",
                         "f: \"symbols\" has something that is not a name");
    assert_field_refused("'int'", "'aliases':['a.b']",
                         "f: \"aliases\" has something that is not a name");
    assert_refused("{'type':'record','name':'R','fields':[{'name':'a.b','type':'int'}]}",
                   "test.avsc: schema: a field needs a \"name\" that Avro allows");
}

static void test_a_name_space_is_made_of_names(void **state)
{
    static const char *const names[] = {"1a", "a..b", "a b", "a.", ".", "a\\'b"};
    char quoted[200];

    (void)state;
    for (size_t i = 0; i < ROWS(names); i++) {
        struct err e;
        snprintf(quoted, sizeof quoted,
                 "{'type':'fixed','name':'F','size':1,'namespace':'%s'}", names[i]);
        assert_null(try_parse(quoted, &e));
    }
    schema_free(parse("{'type':'fixed','name':'F','size':1,'namespace':''}"));
}

static void test_a_refused_name_tells_its_place(void **state)
{
    (void)state;
    assert_refused("{'type':'record','fields':[]}",
                   "test.avsc: schema: a named type needs a \"name\" that Avro allows");
    assert_refused("{'type':'record','name':'R','fields':[{'type':'int'}]}",
                   "test.avsc: schema: a field needs a \"name\" that Avro allows");
    assert_refused("{'type':'record','name':'R','fields':['a']}",
                   "test.avsc: schema: a field needs a \"name\" that Avro allows");
    assert_refused("{'type':'record','name':'R'}",
                   "test.avsc: schema: a record needs \"fields\"");
    assert_field_refused("'int'", "'aliases':['a-b']",
                         "f: \"aliases\" has something that is not a name");
    assert_field_refused("'int'", "'aliases':'a'",
                         "f: \"aliases\" must be an array of names");
    assert_field_refused("{'type':'fixed','name':'F','size':1,'aliases':[1]}", "",
                         "f: \"aliases\" has something that is not a name");
}

static void test_a_type_defined_twice_is_refused(void **state)
{
    (void)state;
    assert_field_refused("[{'type':'fixed','name':'x.F','size':1},"
                         "{'type':'fixed','name':'F','namespace':'x','size':2}]",
                         "", "f: defined twice: x.F");
}

static void test_a_default_that_does_not_fit_is_refused(void **state)
{
    static const struct {
        const char *type, *value;
    } cases[] = {
        {"'null'", "0"},
        {"'boolean'", "0"},
        {"'int'", "1.0"},
        {"'int'", "2147483648"},
        {"'int'", "-2147483649"},
        {"'long'", "'1'"},
        {"'float'", "'NaN'"},
        {"'double'", "null"},
        {"'bytes'", "[]"},
        {"'string'", "null"},
        {"{'type':'fixed','name':'F','size':1}", "1"},
        {"{'type':'fixed','name':'F','size':2}", "'a'"},
        {"{'type':'fixed','name':'F','size':2}", "'abc'"},
        {"{'type':'fixed','name':'F','size':3}", "'\xe7\xbd\x91'"},
        {"'bytes'", "'\\u0100'"},
        {"{'type':'enum','name':'E','symbols':['A']}", "'B'"},
        {"{'type':'array','items':'int'}", "{}"},
        {"{'type':'array','items':'int'}", "[1,'2']"},
        {"{'type':'map','values':'int'}", "[]"},
        {"{'type':'map','values':'int'}", "{'a':null}"},
        {"['int','null']", "null"},
        {"['null','int']", "1"},
        {"{'type':'record','name':'S','fields':[{'name':'a','type':'int'}]}", "{}"},
        {"{'type':'record','name':'S','fields':[{'name':'a','type':'int'}]}", "[]"},
        {"{'type':'record','name':'S','fields':[{'name':'a','type':'int'}]}",
         "{'a':'b'}"},
    };
    char rest[100];

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        snprintf(rest, sizeof rest, "'default':%s", cases[i].value);
        assert_field_refused(cases[i].type, rest, "f: the default does not fit the type");
    }
}

static void test_recursion_is_refused(void **state)
{
    (void)state;
    assert_field_refused("['null','R']", "",
                         "f: a type that contains itself is not supported: R");
    assert_field_refused("{'type':'record','name':'S','fields':"
                         "[{'name':'g','type':{'type':'array','items':'R'}}]}",
                         "",
                         "f.g.items: a type that contains itself is not supported: R");
}

/* Arrays within arrays: levels of them around an int. */
static char *nested_arrays(int levels)
{
    struct text quoted = {0};

    for (int i = 0; i < levels; i++)
        text_add_string(&quoted, "{'type':'array','items':");
    text_add_string(&quoted, "'int'");
    for (int i = 0; i < levels; i++)
        text_add_string(&quoted, "}");
    return quoted.bytes;
}

static void test_more_than_64_levels_are_refused(void **state)
{
    char *deepest = nested_arrays(63), *too_deep = nested_arrays(64);
    struct err e;

    (void)state;
    schema_free(parse(deepest));
    assert_null(try_parse(too_deep, &e));
    assert_non_null(strstr(e.message, "items: more than 64 levels"));
    free(deepest);
    free(too_deep);
}

/* R1 has two fields of R0, R2 two of R1 ... : all are small, and together they are 2^n. */
static char *doubled_records(int count)
{
    struct text quoted = {0};

    text_add_string(&quoted, "{'type':'record','name':'R','fields':[{'name':'r0','type':"
                             "{'type':'record','name':'R0','fields':[]}}");
    for (int i = 1; i < count; i++)
        text_format(&quoted,
                    ",{'name':'r%d','type':{'type':'record','name':'R%d','fields':["
                    "{'name':'a','type':'R%d'},{'name':'b','type':'R%d'}]}}",
                    i, i, i - 1, i - 1);
    text_add_string(&quoted, "]}");
    return quoted.bytes;
}

static void test_types_are_counted_as_often_as_they_are_used(void **state)
{
    char *few = doubled_records(12), *many = doubled_records(100);
    struct err e;

    (void)state;
    schema_free(parse(few));
    assert_null(try_parse(many, &e));
    assert_string_equal(e.message, "test.avsc: r13: more than 10000 types");
    free(few);
    free(many);
}

/* Each record is only two levels deep, but contains the one before. */
static void test_levels_are_counted_through_names(void **state)
{
    struct text quoted = {0};
    struct err e;

    (void)state;
    text_add_string(&quoted, "[{'type':'record','name':'R0','fields':[]}");
    for (int i = 1; i < 100; i++)
        text_format(
            &quoted,
            ",{'type':'record','name':'R%d','fields':[{'name':'a','type':'R%d'}]}", i,
            i - 1);
    text_add_string(&quoted, "]");
    assert_null(try_parse(quoted.bytes, &e));
    assert_string_equal(e.message, "test.avsc: schema: more than 64 levels");
    text_free(&quoted);
}

static void test_json_that_is_only_deep_is_refused(void **state)
{
    struct text quoted = {0};
    struct err e;

    (void)state;
    for (int i = 0; i < 100000; i++)
        text_add_string(&quoted, "[");
    assert_null(try_parse(quoted.bytes, &e));
    text_free(&quoted);
}

static void test_more_than_a_mebibyte_is_refused(void **state)
{
    size_t size = (1 << 20) + 1;
    char *text = xcalloc(size, 1);
    struct err e;

    (void)state;
    memset(text, ' ', size);
    memcpy(text, "\"int\"", 5);
    assert_null(schema_parse("test.avsc", text, size, &e));
    assert_string_equal(e.message, "test.avsc: longer than 1048576 bytes");
    schema_free(schema_parse("test.avsc", text, size - 1, &e));
    free(text);
}

static void test_more_than_256_named_types_are_refused(void **state)
{
    struct text quoted = {0};
    struct err e;

    (void)state;
    text_add_string(&quoted, "{'type':'record','name':'R','fields':[");
    for (int i = 0; i < 256; i++)
        text_format(&quoted,
                    "%s{'name':'f%d','type':{'type':'fixed','name':'F%d','size':1}}",
                    i ? "," : "", i, i);
    text_add_string(&quoted, "]}");
    assert_null(try_parse(quoted.bytes, &e));
    assert_string_equal(e.message, "test.avsc: f255: more than 256 named types");
    text_free(&quoted);
}

static void test_unknown_logical_types_are_refused(void **state)
{
    static const char *const types[] = {
        "{'type':'long','logicalType':'timestamp-millis'}",
        "{'type':'bytes','logicalType':'decimal','precision':4}",
        "{'type':'int','logicalType':'date'}",
        "{'type':'string','logicalType':'timestamp-micros'}",
        "{'type':'long','logicalType':'uuid'}",
    };
    char expected[200];

    (void)state;
    for (size_t i = 0; i < ROWS(types); i++) {
        struct err e;
        assert_null(try_parse(field_of(types[i], ""), &e));
        snprintf(expected, sizeof expected,
                 "test.avsc: f: unknown logical type, or one on the wrong type: ");
        assert_memory_equal(e.message, expected, strlen(expected));
    }
}

/* What would be left out silently would be stored as something else than it is. */
static void test_a_logical_type_does_not_stand_where_it_would_be_overlooked(void **state)
{
    (void)state;
    assert_field_refused("{'type':'fixed','name':'F','size':8,'logicalType':'decimal'}",
                         "", "f: no logical type is known for a type fixed");
    assert_field_refused("{'type':'array','items':'int','logicalType':'uuid'}", "",
                         "f: no logical type is known for a type array");
}

static void test_the_place_of_a_nested_fault_is_named(void **state)
{
    (void)state;
    assert_refused(
        "{'type':'record','name':'R','fields':[{'name':'measures','type':['null',"
        "{'type':'array','items':{'type':'record','name':'M','fields':["
        "{'name':'text','type':'string'},"
        "{'name':'due_at','type':{'type':'int','logicalType':'date'}}]}}]}]}",
        "test.avsc: measures.items.due_at: unknown logical type, or one on the wrong "
        "type: date");
}

static void test_a_long_place_is_cut_and_does_no_harm(void **state)
{
    struct text quoted = {0};
    struct err e;
    char name[200];

    (void)state;
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < 20; i++)
        text_format(&quoted,
                    "{'type':'record','name':'R%d','fields':[{'name':'%s','type':", i,
                    name);
    text_add_string(&quoted, "'none'");
    for (int i = 0; i < 20; i++)
        text_add_string(&quoted, "}]}");
    assert_null(try_parse(quoted.bytes, &e));
    text_free(&quoted);
}

static void test_rules_are_checked(void **state)
{
    (void)state;
    assert_field_refused("'int'", "'gridloop.minimun':1",
                         "f: unknown rule gridloop.minimun");
    assert_field_refused("'int'", "'gridloop.minimum':'1'",
                         "f: gridloop.minimum has a value of the wrong type");
    assert_field_refused("'string'", "'gridloop.max_length':-1",
                         "f: gridloop.max_length has a value of the wrong type");
    assert_field_refused("'string'", "'gridloop.hex':1.5",
                         "f: gridloop.hex has a value of the wrong type");
    assert_field_refused("'string'", "'gridloop.free_text':1",
                         "f: gridloop.free_text has a value of the wrong type");
    assert_field_refused("'boolean'", "'gridloop.must_be':'true'",
                         "f: gridloop.must_be has a value of the wrong type");
    assert_field_refused("'int'", "'gridloop.requires':'f'",
                         "f: gridloop.requires must be an array of names");
    assert_refused(
        field_of("'int'", "'gridloop.requires':['f','g']"),
        "test.avsc: schema: gridloop.requires names no field of the record: g");
}

static void test_a_schema_cut_off_anywhere_is_refused(void **state)
{
    (void)state;
    for (const struct builtin_file *file = builtin_schemas; file->path; file++)
        for (size_t size = 0; size < file->size; size += 7) {
            struct err e;
            char *half = xmalloc(size);
            memcpy(half, file->text, size);
            assert_null(schema_parse(file->path, half, size, &e));
            free(half);
        }
}

/* ---- fingerprints ---- */

/* Computed with fastavro 1.13 from its own Parsing Canonical Form. */
static void test_fingerprints_are_those_of_the_canonical_form(void **state)
{
    static const struct {
        const char *quoted;
        uint64_t fingerprint;
    } cases[] = {
        {"'null'", 0x63dd24e7cc258f8a},
        {"'boolean'", 0x9f42fc78a4d4f764},
        {"'int'", 0x7275d51a3f395c8f},
        {"'long'", 0xd054e14493f41db7},
        {"'float'", 0x4d7c02cb3ea8d790},
        {"'double'", 0x8e7535c032ab957e},
        {"'bytes'", 0x4fc016dac3201965},
        {"'string'", 0x8f014872634503c7},
        {"{'type':'int'}", 0x7275d51a3f395c8f},
        {"{'type':{'logicalType':'uuid','type':'string'}}", 0x8f014872634503c7},
        {"['null','string']", 0x9845f21eb77ec49d},
        {"{'type':'array','items':'long'}", 0x5416c98ba22e5e71},
        {"{'values':'bytes','type':'map'}", 0x73c5ef09ae7ff01b},
        {"{'type':'fixed','name':'Md5','namespace':'a.b','size':16}", 0x0661cf6e94c1f82c},
        {"{'type':'enum','name':'a.b.Suit','symbols':['SPADES','HEARTS'],"
         "'default':'HEARTS','doc':'cards'}",
         0xb2f460c08bf0fc4c},
        {"{'doc':'d','fields':[{'doc':'x','default':3,'type':{'type':'int'},'name':'n',"
         "'order':'ignore','aliases':['m']}],'namespace':'x.y','name':'R',"
         "'type':'record'}",
         0xb874df6130327db4},
        {"{'type':'record','name':'R','namespace':'x','fields':["
         "{'name':'a','type':{'type':'fixed','name':'F','size':2}},"
         "{'name':'b','type':['null','F']},{'name':'c','type':'x.F'},"
         "{'name':'d','type':{'type':'record','name':'S','namespace':'y','fields':["
         "{'name':'e','type':'x.F'},"
         "{'name':'f','type':{'type':'enum','name':'G','symbols':['A']}}]}},"
         "{'name':'g','type':'y.G'}]}",
         0x9beaf9ec5a3b4e16},
        {"{'type':'record','name':'R','namespace':'x','fields':["
         "{'name':'a','type':{'type':'record','name':'S','namespace':'','fields':["
         "{'name':'b','type':{'type':'fixed','name':'F','size':1}}]}},"
         "{'name':'c','type':{'type':'fixed','name':'F','size':1}}]}",
         0x1b050b6e5030674f},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        struct schema_file *file = parse(cases[i].quoted);
        assert_int_equal(schema_fingerprint(file), cases[i].fingerprint);
        schema_free(file);
    }
}

static const struct builtin_file *builtin(const char *path)
{
    for (const struct builtin_file *file = builtin_schemas; file->path; file++)
        if (strcmp(file->path, path) == 0)
            return file;
    fail_msg("%s is not built in", path);
    return NULL;
}

/* A fingerprint stands in front of every message that devices have sent: these never change. */
static void test_fingerprints_of_the_contract(void **state)
{
    static const struct {
        const char *path;
        uint64_t fingerprint;
    } cases[] = {
        {"schemas/case_action/v1.avsc", 0x4f2241319061392d},
        {"schemas/drone_alert/v1.avsc", 0x988dc1e0345fb73c},
        {"schemas/drone_alert/v2.avsc", 0x0843afee52fdb4b2},
        {"schemas/inspection_finding/v1.avsc", 0x6482dcf03b96cb8d},
        {"schemas/patrol_log/v1.avsc", 0x168f043afce2368b},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        const struct builtin_file *source = builtin(cases[i].path);
        struct err e;
        struct schema_file *file =
            schema_parse(source->path, source->text, source->size, &e);
        assert_non_null(file);
        assert_int_equal(schema_fingerprint(file), cases[i].fingerprint);
        schema_free(file);
    }
}

/* ---- what a schema becomes ---- */

static void test_the_text_is_kept_as_given(void **state)
{
    struct schema_file *file = parse(" {'type' : 'int'} ");
    size_t size;

    (void)state;
    assert_string_equal(schema_text(file, &size), " {\"type\" : \"int\"} ");
    assert_int_equal(size, 18);
    assert_non_null(schema_text(file, NULL));
    schema_free(file);
    schema_free(NULL);
}

static void test_names_aliases_and_docs(void **state)
{
    struct schema_file *file =
        parse("{'type':'record','name':'R','namespace':'x.y','doc':'of R',"
              "'aliases':['Old','z.Older'],'fields':["
              "{'name':'a','type':'int','doc':'of a','aliases':['b','c']},"
              "{'name':'d','type':{'type':'fixed','name':'w.F','size':3}}]}");
    const struct schema *root = schema_root(file);

    (void)state;
    assert_string_equal(root->name, "R");
    assert_string_equal(root->full_name, "x.y.R");
    assert_string_equal(root->doc, "of R");
    assert_string_equal(root->aliases[0], "x.y.Old");
    assert_string_equal(root->aliases[1], "z.Older");
    assert_null(root->aliases[2]);
    assert_string_equal(root->fields[0].doc, "of a");
    assert_string_equal(root->fields[0].aliases[1], "c");
    assert_null(root->fields[1].aliases);
    assert_string_equal(root->fields[1].type->name, "F");
    assert_string_equal(root->fields[1].type->full_name, "w.F");
    assert_int_equal(root->fields[1].type->count, 3);
    schema_free(file);
}

static void test_a_named_type_can_be_used_again_by_its_name(void **state)
{
    struct schema_file *file =
        parse("{'type':'record','name':'R','namespace':'x','fields':["
              "{'name':'a','type':{'type':'enum','name':'E','symbols':['A','B'],'default'"
              ":'B'}},"
              "{'name':'b','type':['null','E']},{'name':'c','type':{'type':'x.E'}},"
              "{'name':'d','type':{'type':'record','name':'S','namespace':'y','fields':["
              "{'name':'e','type':{'type':'array','items':'x.E'}}]}}]}");
    const struct schema_field *fields = schema_root(file)->fields;
    const struct schema *e = fields[0].type;

    (void)state;
    assert_int_equal(e->default_symbol, 1);
    assert_ptr_equal(fields[1].type->branches[1], e);
    assert_ptr_equal(fields[2].type, e);
    assert_ptr_equal(fields[3].type->fields[0].type->branches[0], e);
    schema_free(file);
}

static void test_a_name_of_another_name_space_is_not_found(void **state)
{
    (void)state;
    assert_refused("{'type':'record','name':'R','namespace':'x','fields':["
                   "{'name':'a','type':{'type':'fixed','name':'F','size':1}},"
                   "{'name':'b','type':{'type':'record','name':'S','namespace':'y',"
                   "'fields':[{'name':'c','type':'F'}]}}]}",
                   "test.avsc: b.c: unknown type F");
    assert_refused("[{'type':'array','items':'F'},{'type':'fixed','name':'F','size':1}]",
                   "test.avsc: items: unknown type F");
}

static void test_logical_types_are_known(void **state)
{
    struct schema_file *file = parse(
        "{'type':'record','name':'R','fields':["
        "{'name':'a','type':{'type':'string','logicalType':'uuid'}},"
        "{'name':'b','type':['null',{'type':'long','logicalType':'timestamp-micros'}]},"
        "{'name':'c','type':'string'}]}");
    const struct schema_field *fields = schema_root(file)->fields;

    (void)state;
    assert_int_equal(fields[0].type->logical, LOGICAL_UUID);
    assert_int_equal(fields[1].type->branches[1]->logical, LOGICAL_TIMESTAMP_MICROS);
    assert_int_equal(fields[2].type->logical, LOGICAL_NONE);
    schema_free(file);
}

static void test_fields_have_ordinals_of_their_own(void **state)
{
    struct schema_file *file =
        parse("{'type':'record','name':'R','fields':["
              "{'name':'a','type':'int'},"
              "{'name':'b','type':{'type':'record','name':'S','fields':["
              "{'name':'c','type':'int'},{'name':'d','type':'int'}]}},"
              "{'name':'e','type':'S'}]}");
    const struct schema *root = schema_root(file);
    bool seen[5] = {false};

    (void)state;
    assert_int_equal(schema_field_count(file), 5);
    for (size_t i = 0; i < 3; i++)
        seen[root->fields[i].ordinal] = true;
    for (size_t i = 0; i < 2; i++)
        seen[root->fields[1].type->fields[i].ordinal] = true;
    for (size_t i = 0; i < 5; i++)
        assert_true(seen[i]);
    assert_int_equal(schema_find(root, "e"), 2);
    assert_int_equal(schema_find(root, "c"), -1);
    schema_free(file);
}

static void assert_stripped(const char *quoted, enum schema_type type, bool optional)
{
    struct schema_file *file = parse(quoted);
    bool is_optional;
    const struct schema *schema = schema_strip_null(schema_root(file), &is_optional);

    assert_non_null(schema);
    assert_int_equal(schema->type, type);
    assert_int_equal(is_optional, optional);
    schema_free(file);
}

static void assert_not_stripped(const char *quoted)
{
    struct schema_file *file = parse(quoted);
    bool optional;

    assert_null(schema_strip_null(schema_root(file), &optional));
    schema_free(file);
}

static void test_null_is_stripped_from_either_side(void **state)
{
    (void)state;
    assert_stripped("['null','int']", SCHEMA_INT, true);
    assert_stripped("['string','null']", SCHEMA_STRING, true);
    assert_stripped("'long'", SCHEMA_LONG, false);
    assert_not_stripped("['int','string']");
    assert_not_stripped("['null','int','string']");
    assert_not_stripped("['null']");
}

/* ---- rules ---- */

static void test_rules_come_from_their_attributes(void **state)
{
    struct schema_file *file =
        parse(field_of("'string'", "'gridloop.minimum':-1.5,'gridloop.maximum':2,"
                                   "'gridloop.min_length':3,'gridloop.max_length':4,"
                                   "'gridloop.max_items':5,'gridloop.hex':6,"
                                   "'gridloop.free_text':true,'gridloop.must_be':false,"
                                   "'gridloop.requires':['f'],'other':7"));
    const struct schema_rules *rules = &only_field(file)->rules;

    (void)state;
    assert_true(rules->minimum == -1.5 && rules->maximum == 2);
    assert_int_equal(rules->min_length, 3);
    assert_int_equal(rules->max_length, 4);
    assert_int_equal(rules->max_items, 5);
    assert_int_equal(rules->hex_digits, 6);
    assert_true(rules->free_text);
    assert_int_equal(rules->must_be, 0);
    assert_string_equal(rules->requires[0], "f");
    assert_null(rules->requires[1]);
    schema_free(file);
}

static void test_without_attributes_there_is_no_rule(void **state)
{
    struct schema_file *file = parse(field_of("'string'", ""));
    const struct schema_rules *rules = &only_field(file)->rules;

    (void)state;
    assert_true(isinf(rules->minimum) && rules->minimum < 0);
    assert_true(isinf(rules->maximum) && rules->maximum > 0);
    assert_int_equal(rules->min_length, 0);
    assert_true(rules->max_length == SIZE_MAX && rules->max_items == SIZE_MAX);
    assert_int_equal(rules->hex_digits, 0);
    assert_false(rules->free_text);
    assert_int_equal(rules->must_be, -1);
    assert_null(rules->requires);
    schema_free(file);
}

/* ---- defaults ---- */

static void test_a_field_without_default_has_none(void **state)
{
    struct schema_file *file = parse(field_of("'int'", ""));

    (void)state;
    assert_null(only_field(file)->default_json);
    assert_null(only_field(file)->default_avro);
    schema_free(file);
}

static void assert_default(const char *type, const char *value, const char *hex)
{
    char rest[200], found[200] = "";
    struct schema_file *file;
    const struct schema_field *field;

    snprintf(rest, sizeof rest, "'default':%s", value);
    file = parse(field_of(type, rest));
    field = only_field(file);
    assert_non_null(field->default_json);
    for (size_t i = 0; i < field->default_size; i++)
        snprintf(found + 2 * i, sizeof found - 2 * i, "%02x", field->default_avro[i]);
    assert_string_equal(found, hex);
    schema_free(file);
}

static void test_defaults_of_simple_types_in_avro(void **state)
{
    (void)state;
    assert_default("'null'", "null", "");
    assert_default("'boolean'", "true", "01");
    assert_default("'boolean'", "false", "00");
    assert_default("'int'", "0", "00");
    assert_default("'int'", "-1", "01");
    assert_default("'int'", "64", "8001");
    assert_default("'int'", "2147483647", "feffffff0f");
    assert_default("'int'", "-2147483648", "ffffffff0f");
    assert_default("'long'", "9223372036854775807", "feffffffffffffffff01");
    assert_default("'long'", "-9223372036854775808", "ffffffffffffffffff01");
    assert_default("'float'", "1", "0000803f");
    assert_default("'float'", "-0.5", "000000bf");
    assert_default("'double'", "1.5", "000000000000f83f");
    assert_default("'double'", "-2", "00000000000000c0");
    assert_default("'string'", "''", "00");
    assert_default("'string'", "'\xe7\xbd\x91'", "06e7bd91");
    assert_default("'bytes'", "'\\u00ff\\u0001A\\u0080'", "08ff014180");
    assert_default("{'type':'fixed','name':'F','size':2}", "'\\u00fe\\u007f'", "fe7f");
    assert_default("{'type':'enum','name':'E','symbols':['A','B','C']}", "'C'", "04");
}

static void test_defaults_of_nested_types_in_avro(void **state)
{
    (void)state;
    assert_default("{'type':'array','items':'int'}", "[]", "00");
    assert_default("{'type':'array','items':'int'}", "[1,2,3]", "0602040600");
    assert_default("{'type':'map','values':'int'}", "{}", "00");
    assert_default("{'type':'map','values':'int'}", "{'k':1}", "02026b0200");
    assert_default("['null','int']", "null", "00");
    assert_default("['string','null']", "'a'", "000261");
    assert_default("{'type':'array','items':['int','null']}", "[1]", "02000200");
    assert_default("{'type':'record','name':'S','fields':["
                   "{'name':'a','type':'int','default':7},"
                   "{'name':'b','type':['null','string'],'default':null},"
                   "{'name':'c','type':'boolean'}]}",
                   "{'c':true}", "0e0001");
    assert_default("{'type':'record','name':'S','fields':["
                   "{'name':'a','type':'int','default':7}]}",
                   "{'a':1}", "02");
    assert_default("{'type':'record','name':'S','fields':[]}", "{}", "");
}

/* ---- what a registry answers ---- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_json_is_refused_with_its_line),
        cmocka_unit_test(test_a_type_has_to_be_a_type),
        cmocka_unit_test(test_a_nested_union_is_refused),
        cmocka_unit_test(test_a_doubled_branch_is_refused),
        cmocka_unit_test(test_a_union_has_at_most_255_branches),
        cmocka_unit_test(test_a_name_holds_no_nul),
        cmocka_unit_test(test_a_doubled_field_is_refused),
        cmocka_unit_test(test_a_doubled_symbol_is_refused),
        cmocka_unit_test(test_an_enum_needs_symbols_and_a_default_among_them),
        cmocka_unit_test(test_a_fixed_needs_a_size_from_1_to_1_mib),
        cmocka_unit_test(test_names_that_avro_does_not_allow_are_refused),
        cmocka_unit_test(test_simple_names_have_no_dots),
        cmocka_unit_test(test_a_name_space_is_made_of_names),
        cmocka_unit_test(test_a_refused_name_tells_its_place),
        cmocka_unit_test(test_a_type_defined_twice_is_refused),
        cmocka_unit_test(test_a_default_that_does_not_fit_is_refused),
        cmocka_unit_test(test_recursion_is_refused),
        cmocka_unit_test(test_more_than_64_levels_are_refused),
        cmocka_unit_test(test_types_are_counted_as_often_as_they_are_used),
        cmocka_unit_test(test_levels_are_counted_through_names),
        cmocka_unit_test(test_json_that_is_only_deep_is_refused),
        cmocka_unit_test(test_more_than_a_mebibyte_is_refused),
        cmocka_unit_test(test_more_than_256_named_types_are_refused),
        cmocka_unit_test(test_unknown_logical_types_are_refused),
        cmocka_unit_test(test_a_logical_type_does_not_stand_where_it_would_be_overlooked),
        cmocka_unit_test(test_the_place_of_a_nested_fault_is_named),
        cmocka_unit_test(test_a_long_place_is_cut_and_does_no_harm),
        cmocka_unit_test(test_rules_are_checked),
        cmocka_unit_test(test_a_schema_cut_off_anywhere_is_refused),
        cmocka_unit_test(test_fingerprints_are_those_of_the_canonical_form),
        cmocka_unit_test(test_fingerprints_of_the_contract),
        cmocka_unit_test(test_the_text_is_kept_as_given),
        cmocka_unit_test(test_names_aliases_and_docs),
        cmocka_unit_test(test_a_named_type_can_be_used_again_by_its_name),
        cmocka_unit_test(test_a_name_of_another_name_space_is_not_found),
        cmocka_unit_test(test_logical_types_are_known),
        cmocka_unit_test(test_fields_have_ordinals_of_their_own),
        cmocka_unit_test(test_null_is_stripped_from_either_side),
        cmocka_unit_test(test_rules_come_from_their_attributes),
        cmocka_unit_test(test_without_attributes_there_is_no_rule),
        cmocka_unit_test(test_a_field_without_default_has_none),
        cmocka_unit_test(test_defaults_of_simple_types_in_avro),
        cmocka_unit_test(test_defaults_of_nested_types_in_avro),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
