-- Every offset from progress.from_offset to progress.next_offset is in exactly one batch.
select source_id, least(reached, from_offset) as from_offset,
       case when reached is null then next_offset else greatest(reached, from_offset) end as next_offset,
       null::uuid as event_id,
       case when reached < from_offset then 'in no batch' when reached > from_offset then 'in two batches'
            else 'in a batch of a source without bus.progress' end as detail
from (
    select b.source_id, b.from_offset, b.next_offset,
           lag(b.next_offset, 1, p.from_offset) over (partition by b.source_id order by b.from_offset) as reached
    from bus.batch b
    left join bus.progress p using (source_id)
) as neighbours
where reached is distinct from from_offset
union all
select p.source_id, least(p.next_offset, tiles.reached), greatest(p.next_offset, tiles.reached), null,
       case when tiles.reached < p.next_offset then 'read by what bus.progress says, but in no batch'
            else 'in a batch, but not read by what bus.progress says' end
from bus.progress p
cross join lateral (select coalesce(max(b.next_offset), p.from_offset) as reached
                    from bus.batch b
                    where b.source_id = p.source_id) as tiles
where tiles.reached <> p.next_offset
order by source_id, from_offset
