/* dice.c - xoshiro256** by Blackman and Vigna, and splitmix64 to seed it. */
#include "producers/simulate/dice.h"

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

struct dice dice_new(uint64_t seed)
{
    struct dice dice;

    for (int i = 0; i < 4; i++)
        dice.state[i] = splitmix(&seed);
    return dice;
}

uint64_t dice_next(struct dice *dice)
{
    uint64_t *s = dice->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 45);
    return result;
}

uint32_t dice_below(struct dice *dice, uint64_t count)
{
    return (uint32_t)(((dice_next(dice) >> 32) * count) >> 32);
}

int64_t dice_between(struct dice *dice, int64_t minimum, int64_t maximum)
{
    return minimum + (int64_t)(dice_next(dice) % (uint64_t)(maximum - minimum + 1));
}

bool dice_chance(struct dice *dice, double share)
{
    return (double)(dice_next(dice) >> 11) * 0x1p-53 < share;
}
