/* personal.c - Chinese resident ids (GB 11643) and mobile numbers. */
#include "producers/runtime/personal.h"

#include <stdbool.h>
#include <string.h>

enum { RESIDENT_SIZE = 18, MOBILE_SIZE = 11 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter_or_digit(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool all_digits(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!is_digit(text[i]))
            return false;
    return true;
}

static int number_of(const char *digits, int count)
{
    int number = 0;

    for (int i = 0; i < count; i++)
        number = number * 10 + (digits[i] - '0');
    return number;
}

static bool is_date(const char *digits) /* YYYYMMDD */
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = number_of(digits, 4), month = number_of(digits + 4, 2),
        day = number_of(digits + 6, 2);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (year < 1800 || year > 2199 || month < 1 || month > 12 || day < 1)
        return false;
    return day <= days[month - 1] + (leap && month == 2);
}

/* ISO 7064 MOD 11-2, as GB 11643 has it. */
static char check_digit(const char *digits)
{
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;

    for (int i = 0; i < RESIDENT_SIZE - 1; i++)
        sum += (digits[i] - '0') * weights[i];
    return "10X98765432"[sum % 11];
}

static bool is_resident_id(const char *run)
{
    char last = run[RESIDENT_SIZE - 1] == 'x' ? 'X' : run[RESIDENT_SIZE - 1];

    return all_digits(run, RESIDENT_SIZE - 1) && is_date(run + 6)
           && last == check_digit(run);
}

static bool is_mobile(const char *run)
{
    return all_digits(run, MOBILE_SIZE) && run[0] == '1' && run[1] >= '3';
}

const char *personal_id_in(const char *text, size_t size)
{
    size_t begin, end = 0;

    while (end < size) {
        for (begin = end; begin < size && !is_letter_or_digit(text[begin]);)
            begin++;
        for (end = begin; end < size && is_letter_or_digit(text[end]);)
            end++;
        if (end - begin == RESIDENT_SIZE && is_resident_id(text + begin))
            return "a resident id";
        if (end - begin == MOBILE_SIZE && is_mobile(text + begin))
            return "a mobile number";
    }
    return NULL;
}
