/* personal.h - numbers of persons that must not enter the bus. */
#ifndef GRIDLOOP_PERSONAL_H
#define GRIDLOOP_PERSONAL_H

#include <stddef.h>

/* What text holds: "a resident id" (18 characters with a valid date and check digit), "a
 * mobile number" (1, then 3 to 9, then 9 digits), or NULL. Both only where no letter or
 * digit of ASCII stands beside them: UUIDs, hashes and area codes look like looser
 * patterns. */
const char *personal_id_in(const char *text, size_t size);

#endif
