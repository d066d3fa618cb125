-- Per source: next_offset - from_offset = stored + duplicate + dead_letter + absent + gap.
select p.source_id, p.from_offset, p.next_offset, null::uuid as event_id,
       pg_catalog.format('%s offsets, but %s accounted for', p.next_offset - p.from_offset, t.accounted) as detail
from bus.progress p
cross join lateral (
    select coalesce(sum(b.stored + b.duplicate + b.dead_letter + b.absent + b.gap), 0) as accounted
    from bus.batch b
    where b.source_id = p.source_id
) as t
where t.accounted <> p.next_offset - p.from_offset
order by p.source_id
