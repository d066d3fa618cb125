-- Actions without a step, up to a number ($1) of them, and how many there are.
select a.event_id, a.source_id, a.topic_offset, count(*) over ()
from events.case_action a
where not exists (select from follow_up.case_step s where s.event_id = a.event_id)
order by a.source_id, a.topic_offset
limit $1::bigint
