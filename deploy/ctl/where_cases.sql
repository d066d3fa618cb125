-- The cases that the life of an id ($1) touches, as they stand.
select c.case_no, c.case_id, c.state, c.case_version, c.category_scheme || ' ' || c.category_code as category,
       coalesce(c.handler_unit_code, c.unit_code) as unit, c.standing as sightings, c.first_seen_at, c.due_at,
       c.answered_at, c.handled_at, c.checked_at, c.closed_at, c.merged_into
from follow_up.case_file c
where c.case_id in (select t.case_id from audit.event_trail($1::uuid) t)
order by c.opened_seq, c.opened_ordinal
