/* main.c - the daemon of the kind that the build names: GRIDLOOP_KIND is its const struct. */
#include "consumers/runtime/kind.h"

extern const struct kind GRIDLOOP_KIND;

int main(int argc, char **argv)
{
    return consumer_main(argc, argv, &GRIDLOOP_KIND);
}
