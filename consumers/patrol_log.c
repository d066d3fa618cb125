/* patrol_log.c - consumer of what one team did in one grid. */
#include "consumers/runtime/kind.h"

static const struct kind patrol_log = {
    .name = "patrol_log",
    .position = {"start_lon", "start_lat", "source_crs"},
};

int main(int argc, char **argv)
{
    return consumer_main(argc, argv, &patrol_log);
}
