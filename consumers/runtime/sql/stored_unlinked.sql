-- Events that report something and have no sighting, up to a number ($1) of them, and how many there are. Percent k: as in
-- stored_sightings.sql.
select e.event_id, e.source_id, e.topic_offset, count(*) over ()
from (%k) e
where e.code is not null
  and not exists (select from follow_up.sighting s
                  where s.source_id = e.source_id and s.topic_offset = e.topic_offset)
order by e.source_id, e.topic_offset
limit $1::bigint
