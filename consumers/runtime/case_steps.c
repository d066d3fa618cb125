/* case_steps.c - rows of follow_up.case_step in the binary form of COPY. */
#include "consumers/runtime/case_steps.h"

#include "consumers/runtime/copy.h"

enum { STEP_COLUMNS = 17 };

const char *case_steps_copy_sql(void)
{
    return "copy follow_up.case_step (link_seq, ordinal, place, outcome, reason, "
           "named_id, "
           "case_id, case_version, actor, action, result, from_state, to_state, "
           "event_id, "
           "source_id, topic_offset, stepped_at) from stdin (format binary)";
}

static void put_cause(struct text *out, const struct case_step_row *row)
{
    copy_put_bytes(out, row->event_id, UUID_SIZE);
    if (row->event_id) {
        copy_put_int32(out, row->source_id);
        copy_put_int64(out, row->topic_offset);
    } else {
        copy_put_null(out);
        copy_put_null(out);
    }
}

void case_steps_put(struct text *out, const struct case_step_row *row)
{
    copy_put_count(out, STEP_COLUMNS);
    copy_put_int64(out, row->link_seq);
    copy_put_int32(out, row->ordinal);
    copy_put_int16(out, row->place);
    copy_put_string(out, row->outcome);
    copy_put_string(out, row->reason);
    copy_put_bytes(out, row->named_id, UUID_SIZE);
    copy_put_bytes(out, row->case_id, UUID_SIZE);
    copy_put_positive(out, row->case_version);
    copy_put_string(out, row->actor);
    copy_put_string(out, row->action);
    copy_put_string(out, row->result);
    copy_put_string(out, row->from_state);
    copy_put_string(out, row->to_state);
    put_cause(out, row);
    copy_put_time(out, row->stepped_us);
}
