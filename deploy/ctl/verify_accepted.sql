-- Accepted events that are nowhere.
select null::integer as source_id, null::bigint as from_offset, null::bigint as next_offset, event_id,
       kind || ': accepted, but neither stored nor a dead letter nor spooled' as detail
from fate
where fate = 'missing'
order by event_id
