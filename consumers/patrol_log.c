/* patrol_log.c - consumer of what one team did in one grid. */
#include "consumers/runtime/kind.h"

const struct kind patrol_log = {
    .name = "patrol_log",
    .position = {"start_lon", "start_lat", "source_crs"},
    .linked = {.names = {[LINK_FIELD_REPORT] = "patrol_id",
                         [LINK_FIELD_CASE] = "raised_case_ids",
                         [LINK_FIELD_SCHEME] = "category_scheme",
                         [LINK_FIELD_CODE] = "category"},
               .position_kind = "PATROL",
               .group = "PATROL_PROBLEM",
               .first_state = "REPORTED",
               .sends = true},
};
