-- Cases ($1), with the limit that is in force. The columns are those of life_table.c.
select c.case_id, c.is_test::integer, c.case_kind, c.dedup_group, c.state, c.case_version, c.unit_code, c.merged_into,
       c.order_unit_code, c.handler_unit_code, c.handled_by, c.state_before,
       timestamptz_send(c.reopened_at), timestamptz_send(c.dispatched_at), timestamptz_send(c.handled_at),
       timestamptz_send(c.answered_at), timestamptz_send(c.checked_at), timestamptz_send(c.closed_at),
       timestamptz_send(c.due_at), timestamptz_send(c.suspended_at), timestamptz_send(c.suspended_until),
       c.due_version, c.reworked, c.returned, c.extended, c.suspended,
       c.was_sent::integer, c.may_send::integer, (c.may_repeat is not null)::integer, c.mute_lifted::integer, c.muted,
       l.limit_type, l.limit_value, timestamptz_send(l.starts_at), timestamptz_send(l.due_at), l.reason
from follow_up.case_file c
left join follow_up.time_limit l on l.case_id = c.case_id and l.case_version = c.due_version
where c.case_id = any ($1::uuid[])
