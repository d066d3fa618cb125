/* main.c - gridloop-simulate. */
#include "producers/simulate/commands.h"

int main(int argc, char **argv)
{
    return simulate_main(argc, argv);
}
