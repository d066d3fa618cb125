/* drone_alert.c - consumer of alerts that drones raise by image analysis. */
#include "consumers/runtime/kind.h"

const struct kind drone_alert = {
    .name = "drone_alert",
    .position = {"longitude", "latitude", "source_crs"},
    .linked = {.names = {[LINK_FIELD_SENDER] = "producer_id",
                         [LINK_FIELD_REPORT] = "alert_id",
                         [LINK_FIELD_REFERENCE] = "references_alert_id",
                         [LINK_FIELD_CASE] = "event_id",
                         [LINK_FIELD_SCHEME] = "category_scheme",
                         [LINK_FIELD_CODE] = "major_class_code",
                         [LINK_FIELD_SUBCODE] = "minor_class_code",
                         [LINK_FIELD_ACCURACY] = "horizontal_accuracy_m",
                         [LINK_FIELD_POSITION_KIND] = "position_kind",
                         [LINK_FIELD_MESSAGE] = "message_type",
                         [LINK_FIELD_CERTAINTY] = "certainty"},
               .first_state = "REPORTED",
               .sends = true},
};
