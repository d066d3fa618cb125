/* standard.h - the three standard descriptors, which may have been closed by whoever
 * started us. */
#ifndef GRIDLOOP_STANDARD_H
#define GRIDLOOP_STANDARD_H

/* To be called first of all. A standard descriptor that is closed would be given to the
 * next file that is opened, and what is printed would be written into that: so something
 * is put there with which reading and writing fail (EBADF). */
void standard_hold(void);

#endif
