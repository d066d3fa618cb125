-- Cases by their ids ($1). The columns are those of cases_near.sql.
select c.case_id, c.life, c.state, c.case_version, c.is_test::integer, c.dedup_group, c.stripe,
       c.wgs84_longitude, c.wgs84_latitude, c.accuracy_m, c.place_key, c.round_code, c.unit_code,
       timestamptz_send(c.first_seen_at), timestamptz_send(c.last_seen_at),
       timestamptz_send(c.reopened_at), timestamptz_send(c.handled_at),
       timestamptz_send(c.closed_at),
       c.standing, c.muted, c.mute_lifted::integer, c.was_sent::integer, c.merged_into, c.opened_seq, c.opened_ordinal
from follow_up.case_file c
where c.case_id = any ($1::uuid[])
