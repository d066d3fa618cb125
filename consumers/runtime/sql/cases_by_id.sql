-- Cases by their ids ($1).
select c.case_id, c.life, c.state, c.case_version, c.is_test, c.dedup_group, c.stripe,
       c.wgs84_longitude, c.wgs84_latitude, c.accuracy_m, c.place_key, c.round_code, c.unit_code,
       c.first_seen_at, c.last_seen_at, c.reopened_at, c.handled_at, c.closed_at,
       c.standing, c.muted, c.mute_lifted, c.was_sent, c.merged_into, c.opened_seq, c.opened_ordinal
from follow_up.case_file c
where c.case_id = any ($1::uuid[])
