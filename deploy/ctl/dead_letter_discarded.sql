insert into bus.dead_letter_action (source_id, topic_offset, action, actor, note)
select source_id, topic_offset, 'discard', $10, $11
from letter
order by source_id, topic_offset
limit $12::bigint
