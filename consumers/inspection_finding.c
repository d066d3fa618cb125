/* inspection_finding.c - consumer of what an inspection team found at a unit. */
#include "consumers/runtime/kind.h"

const struct kind inspection_finding = {
    .name = "inspection_finding",
    .position = {"longitude", "latitude", "source_crs"},
    .linked =
        {.names = {[LINK_FIELD_REPORT] = "finding_id",
                   [LINK_FIELD_CASE] = "finding_id",
                   [LINK_FIELD_SCHEME] = "issue_scheme",
                   [LINK_FIELD_CODE] = "issue_code",
                   [LINK_FIELD_UNIT] = "responsible_unit_code",
                   [LINK_FIELD_ABOUT] = "inspected_unit_code",
                   [LINK_FIELD_ROUND] = "round_code"},
         .position_kind = "FINDING",
         .group = "INSPECTION_FINDING",
         .first_state =
             "RAISED"}, /* it goes to its unit by the team's feedback, not by an order */
};
