/* flight.c - times and names of flights. */
#include "producers/simulate/flight.h"

#include "producers/simulate/device.h"

static const int64_t slot_us = 1800000000;
enum { ROUTES = 4, SLOTS_A_DAY = 48 };

struct flight flight_at(int64_t us, unsigned aircraft)
{
    return (struct flight){us / slot_us, aircraft};
}

int64_t flight_begin_us(struct flight flight)
{
    return flight.slot * slot_us;
}

int64_t flight_number(struct flight flight)
{
    return flight.slot * AIRCRAFT + flight.aircraft;
}

void put_hangar(unsigned aircraft, struct line *l)
{
    line_put(l, "sim-hangar-");
    line_put_digits(l, aircraft % HANGARS + 1, 1);
}

void put_flight_id(struct flight flight, struct line *l)
{
    int64_t local = local_us(flight_begin_us(flight));

    put_hangar(flight.aircraft, l);
    line_put(l, flight.aircraft == SURVEY ? "-survey-" : "-");
    line_put_date(l, local);
    line_put(l, "-");
    line_put_digits(l, (uint64_t)(local / slot_us % SLOTS_A_DAY), 2);
}

void write_craft(struct flight flight, struct line *l)
{
    line_text(l, "town_code", "410503100");
    line_open(l, "hangar_id");
    put_hangar(flight.aircraft, l);
    line_close(l);
    line_open(l, "aircraft_id");
    line_put(l, "sim-aircraft-");
    line_put_digits(l, flight.aircraft + 1, 2);
    line_close(l);
}

void write_flight_id(struct flight flight, struct line *l)
{
    line_open(l, "flight_id");
    put_flight_id(flight, l);
    line_close(l);
}

void write_route_id(struct flight flight, struct line *l)
{
    uint64_t turn = flight.aircraft == SURVEY ? 0 : (uint64_t)flight.slot % ROUTES;

    line_open(l, "route_id");
    line_put(l, "sim-route-");
    line_put_digits(l, flight.aircraft * ROUTES + turn + 1, 2);
    line_close(l);
}
