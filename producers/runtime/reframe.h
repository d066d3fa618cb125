/* reframe.h - for consumers that know a schema registry: exchanges the frame of a spooled
 * event. Spooled is Avro's single object; sent is 00, the number of the schema in the
 * registry (4 bytes, big endian), and the same body. The schema is one of those built in,
 * under the subject <topic>-value; it is registered where it is not. */
#ifndef GRIDLOOP_REFRAME_H
#define GRIDLOOP_REFRAME_H

#include <stddef.h>

#include "common/registry.h"

struct reframe; /* opaque; one thread */

/* settings must outlive it. NULL: *e is FATAL (registry.h). */
struct reframe *reframe_open(const struct registry_settings *settings, struct err *e);
void reframe_close(struct reframe *reframe); /* NULL is fine */

/* *out gets the message. The registry is asked once for each schema and topic. RETRY: it
 * cannot be asked now, or does not take the schema. REJECT: an event of a schema that is
 * not built in. FATAL: as registry.h says. */
enum outcome reframe_event(struct reframe *reframe, const char *topic, const void *value,
                           size_t size, struct text *out, struct err *e);

#endif
