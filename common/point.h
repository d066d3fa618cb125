/* point.h - marks a moment where dying or stalling is interesting. Release builds
 * contain nothing.
 *
 * A test build (-DGRIDLOOP_POINTS=ON) looks at GRIDLOOP_POINT, "name:pass:act[:file]":
 * when the point is passed the pass-th time (1 = first), act is kill (SIGKILL), stop
 * (SIGSTOP), exit (as a bug would, with 70), or hold (wait until file exists; it needs
 * one); file is created empty with ".reached" added when the point is reached, so that a
 * test can wait for it. Any other text aborts the program. */
#ifndef GRIDLOOP_POINT_H
#define GRIDLOOP_POINT_H

#ifdef GRIDLOOP_POINTS
void point_passed(const char *name);
#define POINT(name) point_passed(name)
#else
#define POINT(name) ((void)0)
#endif

#endif
