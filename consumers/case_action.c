/* case_action.c - consumer of one step of somebody in the life of a case. */
#include "consumers/runtime/kind.h"

const struct kind case_action = {
    .name = "case_action",
    .position = {"action_lon", "action_lat", "source_crs"},
};
