/* flight_task.c - consumer of how the tasks of drone hangars stand. */
#include "consumers/runtime/kind.h"

static const struct kind flight_task = {.name = "flight_task"};

int main(int argc, char **argv)
{
    return consumer_main(argc, argv, &flight_task);
}
