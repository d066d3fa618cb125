/* text_test.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

static bool valid(const char *bytes)
{
    return text_is_utf8(bytes, strlen(bytes), NULL, NULL);
}

static void utf8_counts_code_points(void **state)
{
    size_t characters = 99;
    bool has_nul = true;

    (void)state;
    assert_true(
        text_is_utf8("a\xc3\xa9\xe7\xbd\x91\xf0\x9f\x9a\x81", 10, &characters, &has_nul));
    assert_int_equal(characters, 4);
    assert_false(has_nul);
    assert_true(text_is_utf8("a\0b", 3, &characters, &has_nul));
    assert_int_equal(characters, 3);
    assert_true(has_nul);
    assert_true(text_is_utf8(NULL, 0, &characters, &has_nul));
    assert_int_equal(characters, 0);
    assert_false(has_nul);
}

/* One odd byte at each place of texts of each length, around every step of the loops. */
static void plain_and_hex_look_at_every_byte(void **state)
{
    static const char not_plain[] = {0, (char)0x80, (char)0xff};
    static const char not_hex[] = {'/', ':', '@',        'G',       '`',
                                   'g', 0,   (char)0xb0, (char)0xe1};
    char text[70];

    (void)state;
    for (size_t size = 0; size < sizeof text; size++) {
        memset(text, 'a', sizeof text);
        assert_true(text_is_plain(text, size) && text_is_hex(text, size));
        for (size_t at = 0; at < size; at++) {
            for (size_t i = 0; i < sizeof not_plain; i++) {
                text[at] = not_plain[i];
                assert_false(text_is_plain(text, size));
            }
            for (size_t i = 0; i < sizeof not_hex; i++) {
                text[at] = not_hex[i];
                assert_false(text_is_hex(text, size));
            }
            text[at] = "\x01~09AFaf"[at % 8];
            assert_true(text_is_plain(text, size));
            assert_true(text_is_hex(text, size) == (at % 8 > 1));
            text[at] = 'a';
        }
    }
}

static void utf8_refuses_what_is_not_well_formed(void **state)
{
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "\xc3",
        "\xe7\xbd",
        "\xf0\x9f\x9a",
        "\xc3(",
        "\xe7(\x91",
        "\xe7\xbd(",
        "\xf0\x9f\x9a(",
        "abc\xe7",
        "\xf8\x88\x80\x80\x80",
    };
    static const char *const good[] = {
        "\x7f",         "\xc2\x80",     "\xdf\xbf",         "\xe0\xa0\x80",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(valid(bad[i]));
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(valid(good[i]));
}

/* Every code point and every surrogate, encoded by the plain rule. */
static void utf8_knows_every_code_point(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 0x120000; c++) {
        unsigned char bytes[4] = {
            (unsigned char)(0xf0 | c >> 18), (unsigned char)(0x80 | (c >> 12 & 0x3f)),
            (unsigned char)(0x80 | (c >> 6 & 0x3f)), (unsigned char)(0x80 | (c & 0x3f))};
        size_t skip = 0, characters = 0;
        if (c < 0x80) {
            bytes[3] = (unsigned char)c;
            skip = 3;
        } else if (c < 0x800) {
            bytes[2] = (unsigned char)(0xc0 | c >> 6);
            skip = 2;
        } else if (c < 0x10000) {
            bytes[1] = (unsigned char)(0xe0 | c >> 12);
            skip = 1;
        }
        assert_int_equal(text_is_utf8(bytes + skip, 4 - skip, &characters, NULL),
                         c < 0x110000 && !(c >= 0xd800 && c < 0xe000));
    }
}

static void buffer_grows(void **state)
{
    struct text t = {0};

    (void)state;
    text_add(&t, NULL, 0);
    assert_string_equal(t.bytes, "");
    for (int i = 0; i < 1000; i++)
        text_format(&t, "%03d,", i);
    assert_int_equal(t.size, 4000);
    assert_int_equal(strlen(t.bytes), 4000);
    assert_memory_equal(t.bytes + 3996, "999,", 5);
    text_clear(&t);
    assert_int_equal(t.size, 0);
    assert_string_equal(t.bytes, "");
    text_add_string(&t, "again");
    assert_string_equal(t.bytes, "again");
    text_free(&t);
    assert_null(t.bytes);
    text_clear(&t);
    text_free(&t);
}

static void json_string_is_escaped(void **state)
{
    struct text t = {0};

    (void)state;
    text_add_json_string(&t, "a\"b\\c\b\f\n\r\t\0\x1f\x7f\xe7\xbd\x91", 16);
    assert_string_equal(t.bytes,
                        "\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xe7\xbd\x91\"");
    text_clear(&t);
    text_add_json_string(&t, NULL, 0);
    assert_string_equal(t.bytes, "\"\"");
    text_free(&t);
}

static void json_double_is_short(void **state)
{
    static const struct {
        double number;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-0.0, "-0.0"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {121.4737, "121.4737"},
        {1e300, "1e+300"},
        {100, "100"},
        {0.1 + 0.2, "0.30000000000000004"},
        {INFINITY, "null"},
        {-INFINITY, "null"},
        {NAN, "null"},
        {DBL_MAX, "1.7976931348623157e+308"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text t = {0};
        text_add_json_double(&t, rows[i].number);
        assert_string_equal(t.bytes, rows[i].text);
        text_free(&t);
    }
}

static void json_double_reads_back(void **state)
{
    unsigned seed = (unsigned)getpid();
    struct text t = {0};

    (void)state;
    printf("seed %u\n", seed);
    srandom(seed);
    for (int i = 0; i < 100000; i++) {
        uint64_t bits =
            (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();
        double number, back;
        memcpy(&number, &bits, sizeof number);
        if (!isfinite(number))
            continue;
        text_clear(&t);
        text_add_json_double(&t, number);
        back = strtod(t.bytes, NULL);
        assert_memory_equal(&back, &number, sizeof number);
    }
    text_free(&t);
}

static void hyphens_replace_underscores(void **state)
{
    char name[] = "drone_alert_x";

    (void)state;
    text_hyphens(name);
    assert_string_equal(name, "drone-alert-x");
}

static void a_topic_is_named_by_its_kind(void **state)
{
    char topic[TEXT_TOPIC_SIZE];

    (void)state;
    text_topic(topic, "under_score", "drone_alert"); /* a namespace stays as it is */
    assert_string_equal(topic, "under_score.drone-alert.v1");
}

static void hex_has_two_digits_a_byte(void **state)
{
    struct text out = {0};

    (void)state;
    text_add_hex(&out, "", 0);
    text_add_hex(&out, "\0\x9f\xff", 3);
    assert_string_equal(out.bytes, "009fff");
    text_free(&out);
}

static void distance_counts_changed_bytes(void **state)
{
    (void)state;
    assert_int_equal(text_distance("unanswered", "unanswered"), 0);
    assert_int_equal(text_distance("unanswred", "unanswered"), 1);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("abc", ""), 3);
    assert_int_equal(text_distance("kitten", "sitting"), 3);
}

static void words_are_whole(void **state)
{
    (void)state;
    assert_true(text_is_among("disable", "disable|prefer|require"));
    assert_true(text_is_among("require", "disable|prefer|require"));
    assert_false(text_is_among("pref", "disable|prefer|require"));
    assert_false(text_is_among("preferred", "disable|prefer|require"));
    assert_false(text_is_among("disable|prefer", "disable|prefer|require"));
    assert_false(text_is_among("", "disable|prefer|require"));
}

static void ports_are_digits_that_fit(void **state)
{
    (void)state;
    assert_int_equal(text_port("0", 1), 0);
    assert_int_equal(text_port("9092,", 4), 9092);
    assert_int_equal(text_port("65535", 5), 65535);
    assert_int_equal(text_port("65536", 5), -1);
    assert_int_equal(text_port("99999999999999999999", 20), -1);
    assert_int_equal(text_port("", 0), -1);
    assert_int_equal(text_port("+80", 3), -1);
    assert_int_equal(text_port("80 ", 3), -1);
    assert_int_equal(text_port("http", 4), -1);
}

static void columns_of_chinese_are_two(void **state)
{
    (void)state;
    assert_int_equal(text_columns(""), 0);
    assert_int_equal(text_columns("BZ-ZFD"), 6);
    assert_int_equal(text_columns("柏庄镇"), 6);
    assert_int_equal(text_columns("a，b"), 4);              /* a full-width comma */
    assert_int_equal(text_columns("é\xf0\xa0\x80\x80"), 3); /* U+20000 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_counts_code_points),
        cmocka_unit_test(words_are_whole),
        cmocka_unit_test(ports_are_digits_that_fit),
        cmocka_unit_test(plain_and_hex_look_at_every_byte),
        cmocka_unit_test(utf8_refuses_what_is_not_well_formed),
        cmocka_unit_test(utf8_knows_every_code_point),
        cmocka_unit_test(buffer_grows),
        cmocka_unit_test(json_string_is_escaped),
        cmocka_unit_test(json_double_is_short),
        cmocka_unit_test(json_double_reads_back),
        cmocka_unit_test(distance_counts_changed_bytes),
        cmocka_unit_test(columns_of_chinese_are_two),
        cmocka_unit_test(hyphens_replace_underscores),
        cmocka_unit_test(a_topic_is_named_by_its_kind),
        cmocka_unit_test(hex_has_two_digits_a_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
