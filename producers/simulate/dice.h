/* dice.h - the simulation's own random numbers (xoshiro256**, seeded by splitmix64): the same on every
 * machine, and only as random as devices need to be. */
#ifndef GRIDLOOP_DICE_H
#define GRIDLOOP_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state[4];
};

struct dice dice_new(uint64_t seed);
uint64_t dice_next(struct dice *dice);

/* 0 to count - 1; count is from 1 to 2^32. */
uint32_t dice_below(struct dice *dice, uint64_t count);

/* minimum to maximum, both included, any distance. */
int64_t dice_between(struct dice *dice, int64_t minimum, int64_t maximum);

/* True in this share of the calls; 0 never, 1 always. */
bool dice_chance(struct dice *dice, double share);

#endif
