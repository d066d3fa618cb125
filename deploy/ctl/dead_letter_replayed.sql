insert into bus.dead_letter_action (source_id, topic_offset, action, actor, note)
select source_id, topic_offset, 'replay', $3, $4
from unnest($1::integer[], $2::bigint[]) with ordinality as t (source_id, topic_offset, place)
order by place
