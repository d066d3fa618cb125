/* flight.h - the flights of the hangars: which is in the air when, along which route, and what it is called.
 *
 * Each half hour every hangar's patrol flies one of its routes. A second aircraft of the first hangar surveys the
 * whole town for its map; it raises no alerts. */
#ifndef GRIDLOOP_FLIGHT_H
#define GRIDLOOP_FLIGHT_H

#include <stdint.h>

#include "producers/simulate/line.h"
#include "producers/simulate/world.h"

enum { SURVEY = HANGARS, AIRCRAFT, WAYPOINTS = 60 };

struct flight {
    int64_t slot; /* half hours since 1970 */
    unsigned aircraft;
};

struct flight flight_at(int64_t us, unsigned aircraft);
int64_t flight_begin_us(struct flight flight);

/* Different for any two flights. */
int64_t flight_number(struct flight flight);

void put_hangar(unsigned aircraft, struct line *l);
void put_flight_id(struct flight flight, struct line *l);

void write_craft(struct flight flight,
                 struct line *l); /* town_code, hangar_id, aircraft_id */
void write_flight_id(struct flight flight, struct line *l);
void write_route_id(struct flight flight, struct line *l);

#endif
