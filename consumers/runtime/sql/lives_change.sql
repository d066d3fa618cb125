-- What steps change of cases. Their stripes are held, so nobody else changes them.
update follow_up.case_file c
set state = u.state, case_version = u.case_version, merged_into = u.merged_into,
    order_unit_code = u.order_unit_code, handler_unit_code = u.handler_unit_code, handled_by = u.handled_by,
    state_before = u.state_before, reopened_at = u.reopened_at, dispatched_at = u.dispatched_at,
    handled_at = u.handled_at, answered_at = u.answered_at, checked_at = u.checked_at, closed_at = u.closed_at,
    due_at = u.due_at, suspended_at = u.suspended_at, suspended_until = u.suspended_until,
    due_version = u.due_version, reworked = u.reworked, returned = u.returned, extended = u.extended,
    suspended = u.suspended, muted = u.muted, was_sent = u.was_sent, mute_lifted = u.mute_lifted
from unnest($1::uuid[], $2::text[], $3::integer[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[],
            $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::timestamptz[],
            $18::integer[], $19::integer[], $20::integer[], $21::integer[], $22::integer[], $23::bigint[],
            $24::boolean[], $25::boolean[])
         as u (case_id, state, case_version, merged_into, order_unit_code, handler_unit_code, handled_by, state_before,
               reopened_at, dispatched_at, handled_at, answered_at, checked_at, closed_at, due_at, suspended_at,
               suspended_until, due_version, reworked, returned, extended, suspended, muted, was_sent, mute_lifted)
where c.case_id = u.case_id
