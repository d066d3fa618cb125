/* personal_test.c - what is a number of a person, and what only looks like one. */
#include "producers/runtime/testing.h"

#include "producers/runtime/personal.h"

/* The ids are made up: nobody's area, with the right check digit. */
static const struct row {
    const char *text;
    const char *found; /* NULL: nothing */
} rows[] = {
    {"", NULL},
    {"垃圾堆放在路口", NULL},
    /* resident ids */
    {"999999199001010016", "a resident id"},
    {"身份证999999199001010016，已登记", "a resident id"},
    {"99999919900101018X", "a resident id"},
    {"99999919900101018x.", "a resident id"},
    {"999999199002290013", NULL},            /* 1990 had no 29 February */
    {"999999200002290019", "a resident id"}, /* 2000 had */
    {"999999190002290012", NULL},            /* 1900 had not */
    {"999999199013010013", NULL},            /* no 13th month */
    {"999999199001000010", NULL},            /* no day 0 */
    {"999999199001010015", NULL},            /* wrong check digit */
    {"9999991990010100167", NULL},           /* one digit more */
    {"a999999199001010016", NULL},
    {"999999199001010016b", NULL},
    {"999999 19900101 0014", NULL}, /* a looser rule would meet area codes */
    /* mobile numbers */
    {"13812345678", "a mobile number"},
    {"电话13812345678。", "a mobile number"},
    {"(19912345678)", "a mobile number"},
    {"+86-13812345678", "a mobile number"},
    {"12812345678", NULL}, /* begins with 12 */
    {"1381234567", NULL},
    {"138123456789", NULL},
    {"+8613812345678", NULL},
    {"x13812345678", NULL},
    {"138-1234-5678", NULL},
    /* things that have to pass */
    {"019ce5c7-c300-7d15-bbc1-9b2f7c773a6a", NULL},
    {"13812345-6780-7d15-bbc1-113812345678", NULL},
    {"3ec858e93c3587f4dec256f2e7e7a6984181c26150aab086fc58720b41cd6800", NULL},
    {"410503003002", NULL},
    {"BZ-H1-20260311-0012", NULL},
    {"20260311152044", NULL},
    /* the second of two */
    {"410503003002 13812345678", "a mobile number"},
};

static void finds_what_is_personal(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *found = personal_id_in(rows[i].text, strlen(rows[i].text));
        if (!found != !rows[i].found || (found && strcmp(found, rows[i].found) != 0))
            fail_msg("%s: %s", rows[i].text, found ? found : "nothing");
    }
}

static void keeps_to_its_size(void **state)
{
    (void)state;
    assert_null(personal_id_in("13812345678", 10));
    assert_non_null(personal_id_in("138123456789", 11));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_personal),
        cmocka_unit_test(keeps_to_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
