-- fate: what became of every accepted event. A row counts before a dead letter (the same event may have come
-- twice, and whole only once), a dead letter before a spooled copy.
create temporary table fate on commit drop as
select t.kind, t.event_id,
       case when s.event_id is not null then 'stored'
            when l.event_id is not null then 'dead_letter'
            when p.event_id is not null then 'spooled'
            else 'missing' end as fate
from (select distinct pg_catalog.replace(kind, '-', '_') as kind, event_id from accepted) as t
left join stored_row s using (kind, event_id)
left join given_up_or_open l on l.event_id = t.event_id
left join (select distinct event_id from spooled) as p on p.event_id = t.event_id;

-- phantom: stored, and accepted by no device that we know of.
create temporary table phantom on commit drop as
select s.kind, s.event_id, s.source_id, s.topic_offset
from stored_row s
left join fate f using (kind, event_id)
where f.event_id is null;
