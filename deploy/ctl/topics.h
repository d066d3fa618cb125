/* topics.h - the topics that there have to be: one for each kind that has a schema. */
#ifndef GRIDLOOP_CTL_TOPICS_H
#define GRIDLOOP_CTL_TOPICS_H

#include <stddef.h>

enum { TOPICS_MOST = 64 };

/* Fills names, sorted by kind, and returns how many there are; topics_free() them. */
size_t topics_name(const char *name_space, const char *names[TOPICS_MOST]);
void topics_free(const char *names[TOPICS_MOST], size_t count);

#endif
