-- One row per source: what was read, and what became of it.
select s.source_id, s.topic, s.partition, p.from_offset, p.next_offset,
       coalesce(b.stored, 0) as stored, coalesce(b.duplicate, 0) as duplicate,
       coalesce(b.dead_letter, 0) as dead_letter, coalesce(b.absent, 0) as absent, coalesce(b.gap, 0) as gap,
       coalesce(b.batches, 0) as batches
from bus.source s
left join bus.progress p using (source_id)
left join (
    select source_id, sum(stored) as stored, sum(duplicate) as duplicate, sum(dead_letter) as dead_letter,
           sum(absent) as absent, sum(gap) as gap, count(*) as batches
    from bus.batch
    group by source_id
) as b using (source_id)
order by s.topic, s.partition, s.source_id
