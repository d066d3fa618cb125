/* gap.c - compares where a source stands with what the broker has. */
#include "consumers/runtime/gap.h"

#include <stdio.h>
#include <string.h>

#include "common/kafka.h"

static struct gap gap_of(const char *reason, int64_t from, int64_t to)
{
    struct gap gap = {.from = from, .to = to};

    snprintf(gap.reason, sizeof gap.reason, "%s", reason);
    return gap;
}

static bool is_cut(const struct gap *gap)
{
    return strcmp(gap->reason, "truncated") == 0
           || strcmp(gap->reason, "log_truncation") == 0;
}

static int64_t last_offset_of(const struct standing *standing, const struct gap_log *log)
{
    return standing->leader_epoch >= 0 && standing->next_offset > log->low
               ? standing->next_offset - 1
               : -1;
}

struct gap gap_at_start(const struct standing *standing, const struct gap_log *log,
                        bool start_at_earliest, int64_t *from)
{
    *from = 0;
    if (standing->is_recreated)
        return gap_of("recreated", 0, log->low);
    if (log->low > 0 && !start_at_earliest)
        return gap_of("before_first_start", 0, log->low);
    *from = log->low;
    return gap_of("", 0, 0);
}

static enum outcome look(const struct gap_log *log, int64_t offset,
                         struct kafka_sight *sight, struct err *e)
{
    return kafka_look(log->kafka, log->group, log->topic, log->partition, offset, sight,
                      e);
}

/* Whether the last message stored stands in the log as it did. It may be corrupt by now: then it is no witness. */
static enum outcome check_last(const struct standing *standing, const struct gap_log *log,
                               struct gap *gap, int64_t *last_offset, struct err *e)
{
    struct kafka_sight sight;

    if (*last_offset < 0)
        return DONE;
    if (look(log, *last_offset, &sight, e))
        return e->outcome;
    if (sight.offset != *last_offset)
        *last_offset = -1;
    if (sight.offset >= 0
        && (sight.leader_epoch < standing->leader_epoch
            || (sight.offset < standing->next_offset
                && sight.leader_epoch != standing->leader_epoch)))
        *gap = gap_of("log_truncation", log->low, standing->next_offset);
    return DONE;
}

/* The first offset behind a corrupt one that can be read: by leaps, and then by halving. A batch is corrupt as a
 * whole, and its head is not to be trusted, so its end can only be found from outside. *to is -1 if there is none
 * yet. */
static enum outcome find_readable(const struct gap_log *log, int64_t corrupt, int64_t *to,
                                  struct err *e)
{
    struct kafka_sight sight = {.is_corrupt = true};
    int64_t good = corrupt;

    *to = -1;
    for (int64_t leap = 1; sight.is_corrupt; leap *= 2) {
        corrupt = good;
        if (corrupt == log->high - 1)
            return DONE;
        good = log->high - corrupt > leap ? corrupt + leap : log->high - 1;
        if (look(log, good, &sight, e))
            return e->outcome;
    }
    *to = sight.offset;
    while (good - corrupt > 1) {
        int64_t middle = corrupt + (good - corrupt) / 2;
        if (look(log, middle, &sight, e))
            return e->outcome;
        if (sight.is_corrupt)
            corrupt = middle;
        else {
            good = middle;
            *to = sight.offset;
        }
    }
    return DONE;
}

static enum outcome check_next(const struct standing *standing, const struct gap_log *log,
                               struct gap *gap, struct err *e)
{
    struct kafka_sight sight;

    if (standing->next_offset == log->high)
        return DONE;
    if (look(log, standing->next_offset, &sight, e))
        return e->outcome;
    if (!sight.is_corrupt)
        return DONE;
    *gap = gap_of("corrupt", standing->next_offset, -1);
    return find_readable(log, standing->next_offset, &gap->to, e);
}

/* Another copy of the log may be whole; or there is something behind the corrupt batch by now. */
static enum outcome follow_corrupt(const struct standing *standing,
                                   const struct gap_log *log, struct gap *gap,
                                   struct err *e)
{
    struct kafka_sight sight;

    if (standing->next_offset >= log->high)
        return DONE;
    if (look(log, standing->next_offset, &sight, e))
        return e->outcome;
    if (!sight.is_corrupt)
        gap->to = standing->next_offset;
    return sight.is_corrupt && gap->to < 0
               ? find_readable(log, standing->next_offset, &gap->to, e)
               : DONE;
}

static enum outcome follow(const struct standing *standing, const struct gap_log *log,
                           struct gap *gap, struct err *e)
{
    *gap = standing->open;
    if (is_cut(gap))
        return DONE;
    if (log->low > standing->next_offset)
        gap->to = log->low > gap->to ? log->low : gap->to;
    else if (strcmp(gap->reason, "corrupt") == 0)
        return follow_corrupt(standing, log, gap, e);
    return DONE;
}

enum outcome gap_find(const struct standing *standing, const struct gap_log *log,
                      struct gap *gap, int64_t *last_offset, struct err *e)
{
    int64_t next = standing->next_offset;

    *gap = gap_of("", 0, 0);
    *last_offset = last_offset_of(standing, log);
    if (standing->open.reason[0])
        return follow(standing, log, gap, e);
    if (next < log->low)
        *gap = gap_of("retention", next, log->low);
    else if (next > log->high)
        *gap = gap_of("truncated", log->low, next);
    else if (log->is_doubted && check_last(standing, log, gap, last_offset, e))
        return e->outcome;
    if (log->is_doubted && !gap->reason[0])
        return check_next(standing, log, gap, e);
    return DONE;
}
