-- What steps of the platform change of cases that are there. Their stripes are held, so nobody else changes them.
update follow_up.case_file c
set state = u.state, case_version = u.case_version, last_seen_at = u.last_seen_at, reopened_at = u.reopened_at,
    standing = u.standing, muted = u.muted, was_sent = u.was_sent
from unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::text[], $6::integer[], $7::timestamptz[],
            $8::boolean[]) as u (case_id, last_seen_at, standing, muted, state, case_version, reopened_at, was_sent)
where c.case_id = u.case_id
