-- Counted again from the tables themselves: the offsets that the batches call stored are exactly those of the
-- events' rows, the ones they call dead letter exactly those of bus.dead_letter, each of them once. So no
-- offset is in both, and none is outside of what was read.
--
-- Both sides become ranges, and only the ends of ranges are compared: +1 where one begins, -1 behind it.
with found_offset as (
    select source_id, 's' as outcome, topic_offset,
           lag(topic_offset) over line as before, lead(topic_offset) over line as behind
    from stored_row
    window line as (partition by source_id order by topic_offset)
    union all
    select source_id, 'x', topic_offset, lag(topic_offset) over line, lead(topic_offset) over line
    from bus.dead_letter
    window line as (partition by source_id order by topic_offset)
), edge as (
    select source_id, outcome, from_offset as place, 1 as called, 0 as found
    from outcome_run where outcome in ('s', 'x')
    union all
    select source_id, outcome, next_offset, -1, 0 from outcome_run where outcome in ('s', 'x')
    union all -- where one before is not its neighbour (for a second row of the same offset neither is)
    select source_id, outcome, topic_offset, 0, 1 from found_offset where topic_offset - 1 is distinct from before
    union all
    select source_id, outcome, topic_offset + 1, 0, -1 from found_offset where topic_offset + 1 is distinct from behind
), stretch as ( -- between two edges nothing changes
    select source_id, outcome, place as from_offset, lead(place) over line as next_offset,
           sum(sum(called)::integer) over line as called, sum(sum(found)::integer) over line as found
    from edge
    group by source_id, outcome, place
    window line as (partition by source_id, outcome order by place)
)
select source_id, from_offset, next_offset, null::uuid as event_id,
       pg_catalog.format(case when found = 0 then 'called %s by the batches, but there is no row'
                              when called = 0 then 'there is a row, but no batch calls it %s'
                              else '%1$s: rows %2$s, batches that call it so %3$s' end, named, found, called) as detail
from stretch
cross join lateral (select case outcome when 's' then 'stored' else 'dead letter' end as named) as name
where called <> found
union all
select source_id, topic_offset, topic_offset + 1, event_id,
       pg_catalog.format('a row of events.%I, but the source is of another kind, or there is none', kind)
from event_row
where not fits
order by source_id, from_offset
