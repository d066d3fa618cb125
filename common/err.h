/* err.h - what a failing call tells its caller, and how context is added on the way up.
 *
 * Nothing finer than four outcomes leaves a module. The text is for people; no code decides by it.
 * Only the outermost loop logs a failure, so every caller that knows more wraps what it passes on:
 *     return err_wrap(e, "claiming partition %d", partition);   "claiming partition 3: lock timeout"
 */
#ifndef GRIDLOOP_ERR_H
#define GRIDLOOP_ERR_H

enum outcome {
    DONE = 0, /* go on */
    RETRY, /* passes with time: forget the batch, go back to what is stored, wait, come again */
    REJECT, /* this one input is bad: set it aside with its reason, go on with the others */
    FATAL /* a bug, or wrong configuration: write nothing, say why, exit with exit_code */
};

struct err {
    enum outcome outcome;
    int exit_code; /* of <sysexits.h>; what the program exits with if the outcome is FATAL */
    char message
        [600]; /* one line of UTF-8: '?' stands for control characters and other bytes that it quotes */
};

/* Sets *e and returns outcome. A FATAL set here exits with 70 (EX_SOFTWARE: a bug). */
enum outcome err_set(struct err *e, enum outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A FATAL that is not a bug: exit_code is one of <sysexits.h> (EX_CONFIG, EX_USAGE, EX_NOPERM ...).
 * Returns FATAL. */
enum outcome err_exit(struct err *e, int exit_code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "format: " before the message and returns e->outcome unchanged. */
enum outcome err_wrap(struct err *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
