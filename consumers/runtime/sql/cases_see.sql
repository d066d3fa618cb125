-- What sightings change of cases that are there, where no step comes of them. That is most, and costs two thirds of
-- cases_change.sql: nothing is worked out from these columns.
update follow_up.case_file c
set last_seen_at = u.last_seen_at, standing = u.standing, muted = u.muted
from unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::bigint[]) as u (case_id, last_seen_at, standing, muted)
where c.case_id = u.case_id
