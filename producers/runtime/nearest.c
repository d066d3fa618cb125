/* nearest.c - edit distance with swaps of neighbours (optimal string alignment). */
#include "producers/runtime/nearest.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST = 64 }; /* longer names are never near */

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

static int same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][LONGEST + 1];
    size_t *above = rows[1], *row = rows[2], *old = rows[0];

    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *spare = old;
        old = above, above = row, row = spare;
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            row[j] = least(above[j] + 1, row[j - 1] + 1,
                           above[j - 1] + !same(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = least(row[j], old[j - 2] + 1, row[j]);
        }
    }
    return row[b_size];
}

struct nearest nearest_to(const char *word)
{
    return (struct nearest){word, strlen(word) / 3 + 2, NULL};
}

void nearest_try(struct nearest *nearest, const char *name)
{
    size_t word_size = strlen(nearest->word), name_size = strlen(name), found;

    if (word_size > LONGEST || name_size > LONGEST)
        return;
    found = distance(nearest->word, word_size, name, name_size);
    if (found < nearest->distance) {
        nearest->distance = found;
        nearest->best = name;
    }
}
