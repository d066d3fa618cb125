/* programs.c - the list: kinds come from the build, all else is named here. */
#include "deploy/ctl/programs.h"

#include <string.h>

#include "consumers/runtime/kind.h"
#include "dispatch/dispatch.h"
#include "dispatch/orders/follow.h"
#include "producers/runtime/settings.h"
#include "producers/simulate/commands.h"

enum { MOST_KINDS = 64 };

static const struct option_set *const others[] = {
    &dispatch_options,
    &orders_options,
    &simulate_lines_options,
    &simulate_run_options,
    &simulate_crew_options,
    &setup_options,
    &check_options,
    &config_options,
    &audit_options,
    &verify_options,
    &seal_options,
    &where_options,
    &tap_options,
    &decode_options,
    &schema_list_options,
    &schema_compatible_options,
    &schema_register_options,
    &reference_load_options,
    &reference_locate_options,
    &reference_due_options,
    &reference_reenrich_options,
    &dead_letter_list_options,
    &dead_letter_show_options,
    &dead_letter_replay_options,
    &dead_letter_discard_options,
    &dedup_simulate_options,
    &rebuild_follow_up_options,
    &gap_list_options,
    &gap_accept_options,
    &status_options,
    &healthy_options,
    &progress_show_options,
    &progress_set_options,
    &completion_options,
    &metrics_options,
    &manual_options,
};

static struct option_set of_kinds[2 * MOST_KINDS];
static const struct option_set *all[2 * MOST_KINDS + sizeof others / sizeof *others];
static size_t all_count;

static void add_kind(struct option_set options)
{
    of_kinds[all_count] = options;
    all[all_count] = &of_kinds[all_count];
    all_count++;
}

const struct option_set *const *programs_all(size_t *count)
{
    if (all_count == 0) {
        for (size_t i = 0; i < MOST_KINDS && consumer_kinds[i]; i++)
            add_kind(consumer_options(consumer_kinds[i]));
        for (size_t i = 0; i < MOST_KINDS && producer_kinds[i]; i++)
            add_kind(producer_options(producer_kinds[i]));
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            all[all_count++] = others[i];
    }
    *count = all_count;
    return all;
}

const struct option_set *program_find(const char *name)
{
    static const char prefix[] = "gridloop-";
    size_t count;
    const struct option_set *const *programs = programs_all(&count);

    for (size_t i = 0; i < count; i++)
        if (programs[i]->size > 0
            && (strcmp(programs[i]->program, name) == 0
                || strcmp(programs[i]->program + sizeof prefix - 1, name) == 0))
            return programs[i];
    return NULL;
}
