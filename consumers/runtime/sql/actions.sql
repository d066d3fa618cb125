-- The actions with these event ids ($1), in their order. The columns are those of life_table.c.
select a.event_id, a.case_id, a.merged_into_case_id, a.source_id, a.topic_offset,
       a.case_kind, a.action_type, a.action_result, a.from_status, a.to_status, a.case_version, a.is_test::integer,
       a.actor_role, a.actor_ref, a.target_unit_code, a.limit_type, a.limit_value, timestamptz_send(a.due_at),
       a.reason_code, a.approved_by_ref, a.reply_channel,
       (a.object_key is not null or coalesce(json_array_length(a.photos), 0) > 0)::integer,
       (a.reply_channel is not null and a.reply_digest is not null)::integer,
       timestamptz_send(a.occurred_at), timestamptz_send(a.recorded_at), a.wgs84_longitude, a.wgs84_latitude
from unnest($1::uuid[]) with ordinality as n (event_id, number)
join events.case_action a using (event_id)
order by n.number
