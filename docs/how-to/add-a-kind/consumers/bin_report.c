/* bin_report.c - consumer of what sensors in public rubbish bins report. */
#include "consumers/runtime/kind.h"

const struct kind bin_report = {
    .name = "bin_report",
    .position = {"longitude", "latitude", "source_crs"},
};
