/* drone_alert.c - consumer of alerts that drones raise by image analysis. */
#include "consumers/runtime/kind.h"

static const struct kind drone_alert = {
    .name = "drone_alert",
    .position = {"longitude", "latitude", "source_crs"},
};

int main(int argc, char **argv)
{
    return consumer_main(argc, argv, &drone_alert);
}
