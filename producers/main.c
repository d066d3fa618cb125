/* main.c - the producer of the kind that the build names: GRIDLOOP_KIND is its const struct. */
#include "producers/runtime/producer.h"

extern const struct producer_kind GRIDLOOP_KIND;

int main(int argc, char **argv)
{
    return producer_main(argc, argv, &GRIDLOOP_KIND);
}
