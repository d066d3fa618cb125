/* device.c - a device's own program, as somebody writes it who has only the header: lines of standard input -> Kafka.
 *
 *   device KIND SPOOL SERVERS NAMESPACE     prints the id of each accepted event; exit 1: some lines were bad */
#include <gridloop/producer.h>
#include <stdio.h>
#include <string.h>

static int fail(const struct gridloop_error *error)
{
    fprintf(stderr, "%d: %s\n", error->outcome, error->message);
    return 2;
}

int main(int argc, char **argv)
{
    static char line[1 << 16];
    char id[GRIDLOOP_EVENT_ID_SIZE];
    const char *const properties[] = {"linger.ms", "1", NULL};
    struct gridloop_error error;
    struct gridloop_settings settings = {.kafka_properties = properties};
    struct gridloop_producer *producer;
    uint64_t left = 1;
    int bad = 0;

    if (argc != 5)
        return 3;
    settings.kind = argv[1];
    settings.spool = argv[2];
    settings.bootstrap_servers = argv[3];
    settings.name_space = argv[4];
    producer = gridloop_producer_open(&settings, &error);
    if (!producer)
        return fail(&error);
    while (fgets(line, sizeof line, stdin)) {
        enum gridloop_outcome outcome =
            gridloop_producer_add(producer, line, strcspn(line, "\n"), id, &error);

        if (outcome == GRIDLOOP_DONE)
            puts(id);
        else if (outcome == GRIDLOOP_REJECT)
            bad = 1;
        if (outcome)
            fail(&error);
    }
    if (gridloop_producer_commit(producer, &error))
        return fail(&error);
    for (int i = 0; i < 60 && left; i++)
        if (gridloop_producer_deliver(producer, 1000, &left, &error) == GRIDLOOP_FATAL)
            return fail(&error);
    gridloop_producer_close(producer);
    return left ? 4 : bad;
}
