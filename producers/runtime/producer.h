/* producer.h - the program that a producer of any kind is: JSON lines in, events in
 * Kafka.
 *
 *   lines -> check -> Avro -> spool on disk: accepted -> Kafka -> gone from the spool
 *
 * What the kind adds is one struct; --help prints the settings (settings.h). Exit codes:
 * 0 all accepted and delivered, 64 usage, 65 a line was refused, 66 no such file, 73 to
 * 78 as sysexits.h has them; 75: events are still in the spool (the next run sends
 * them), lines were not taken because it is full, or a rotated file was not read. */
#ifndef GRIDLOOP_PRODUCER_H
#define GRIDLOOP_PRODUCER_H

#include "producers/runtime/kind.h"

int producer_main(int argc, char **argv, const struct producer_kind *kind);

#endif
