-- What was done with it, and as what it came back.
select pg_catalog.to_char(acted_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at, action as what, actor as who, note
from bus.dead_letter_action
where source_id = $1::integer and topic_offset = $2::bigint
union all
select pg_catalog.to_char(recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       'came back as ' || source_id || '/' || topic_offset, null, reason
from bus.dead_letter
where replay_source = $1::integer and replay_offset = $2::bigint
order by at
