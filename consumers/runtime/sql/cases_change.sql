-- What linking changes of cases that are there. Their stripes are held, so nobody else changes them.
update follow_up.case_file c
set state = u.state, case_version = u.case_version, last_seen_at = u.last_seen_at, reopened_at = u.reopened_at,
    standing = u.standing, muted = u.muted, was_sent = u.was_sent
from unnest($1::uuid[], $2::text[], $3::integer[], $4::timestamptz[], $5::timestamptz[], $6::bigint[], $7::bigint[],
            $8::boolean[]) as u (case_id, state, case_version, last_seen_at, reopened_at, standing, muted, was_sent)
where c.case_id = u.case_id
