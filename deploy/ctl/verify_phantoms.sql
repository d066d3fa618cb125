-- Stored events that no device accepted.
select source_id, topic_offset as from_offset, topic_offset + 1 as next_offset, event_id,
       kind || ': stored, but not among the accepted' as detail
from phantom
order by source_id, topic_offset
