-- Every batch's list of outcomes adds up to its counts.
select b.source_id, b.from_offset, b.next_offset, null::uuid as event_id,
       pg_catalog.format('the list says s%s d%s x%s a%s g%s, the counts s%s d%s x%s a%s g%s', l.stored,
                         l.duplicate, l.dead_letter, l.absent, l.gap, b.stored, b.duplicate, b.dead_letter,
                         b.absent, b.gap) as detail
from bus.batch b
left join (
    select source_id, tile,
           coalesce(sum(length) filter (where outcome = 's'), 0) as stored,
           coalesce(sum(length) filter (where outcome = 'd'), 0) as duplicate,
           coalesce(sum(length) filter (where outcome = 'x'), 0) as dead_letter,
           coalesce(sum(length) filter (where outcome = 'a'), 0) as absent,
           coalesce(sum(length) filter (where outcome = 'g'), 0) as gap
    from outcome_run
    group by source_id, tile
) as l on l.source_id = b.source_id and l.tile = b.from_offset
where (l.stored, l.duplicate, l.dead_letter, l.absent, l.gap)
      is distinct from (b.stored, b.duplicate, b.dead_letter, b.absent, b.gap)
order by b.source_id, b.from_offset
