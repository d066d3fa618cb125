/* inspection_finding.c - consumer of what an inspection team found at a unit. */
#include "consumers/runtime/kind.h"

static const struct kind inspection_finding = {
    .name = "inspection_finding",
    .position = {"longitude", "latitude", "source_crs"},
};

int main(int argc, char **argv)
{
    return consumer_main(argc, argv, &inspection_finding);
}
