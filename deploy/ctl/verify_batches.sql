-- The next batches of one pair of lists, in the order of their places; a seal that was made within one stands beside it.
select k.source_id, k.place, k.from_offset, k.next_offset, b.outcomes, b.prints,
       (extract(epoch from b.committed_at) * 1000000)::bigint, k.before, k.head, k.is_adjacent, s.next_offset, s.head
from chain_link k
join bus.batch b using (source_id, from_offset)
left join sealed s on s.source_id = k.source_id and s.next_offset > k.from_offset and s.next_offset < k.next_offset
where k.gap_id is null and k.layout_id is not distinct from $1::integer
  and k.dead_letter_layout_id is not distinct from $2::integer and (k.source_id, k.place) > ($3::integer, $4::bigint)
order by k.source_id, k.place
limit 64
