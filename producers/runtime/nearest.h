/* nearest.h - which known name a person meant: "did you mean ...?" */
#ifndef GRIDLOOP_NEAREST_H
#define GRIDLOOP_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *word;
    size_t distance;  /* of best; one more than we would offer: none yet */
    const char *best; /* NULL: nothing is near */
};

/* Begins with no candidate; word is borrowed. */
struct nearest nearest_to(const char *word);

/* Offers one known name, borrowed. Of two equally near the first stays. Case does not
 * count. */
void nearest_try(struct nearest *nearest, const char *name);

#endif
