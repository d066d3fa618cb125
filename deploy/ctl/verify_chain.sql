-- Nothing that is stored was altered: what going through the chain found, and where the chain itself has ends.
select source_id, from_offset, next_offset, event_id, detail
from fault
where check_name = 'chain'
union all
select p.source_id, p.next_offset, p.next_offset + 1, null, 'bus.progress: its head is not that of what stands before it'
from bus.progress p
left join (select distinct on (source_id) source_id, head, next_offset
           from chain_link
           order by source_id, place desc) as last using (source_id)
where p.head is distinct from coalesce(last.head, bus.chain_start(p.source_id, p.chained_from))
   or (last.head is null and p.next_offset <> p.chained_from)
union all
select b.source_id, b.from_offset, b.next_offset, null, 'bus.batch: not in the chain'
from bus.batch b
left join bus.progress p using (source_id)
where b.hash is null and (p.chained_from is null or b.from_offset >= p.chained_from)
union all
select b.source_id, b.from_offset, b.next_offset, null, 'bus.batch: a gap that is not the one that was accepted there'
from bus.batch b
where b.hash is not null and b.gap > 0
  and not exists (select from bus.gap g
                  where g.source_id = b.source_id and g.stood_at = b.from_offset and g.to_offset = b.next_offset
                    and g.hash = b.hash)
order by source_id, from_offset
