/* gcj02.h - what a phone with a Chinese map reports instead of WGS-84. */
#ifndef GRIDLOOP_GCJ02_H
#define GRIDLOOP_GCJ02_H

#include "producers/simulate/simulate.h"

/* WGS-84 to GCJ-02, by the formula in general use (no official text is public); for places in China. */
struct simulate_position gcj02_of(struct simulate_position wgs84);

#endif
