/* memory.h - how much memory this process takes. */
#ifndef GRIDLOOP_MEMORY_H
#define GRIDLOOP_MEMORY_H

#include <stddef.h>

/* Bytes of memory that the process holds now, shared libraries included; 0: the system does not say. About 10 us. */
size_t memory_resident(void);

#endif
