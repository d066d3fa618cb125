/* flight_task.c - consumer of how the tasks of drone hangars stand. */
#include "consumers/runtime/kind.h"

const struct kind flight_task = {.name = "flight_task"};
