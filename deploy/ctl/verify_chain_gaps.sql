-- The accepted gaps of one list of columns.
select source_id, from_offset, next_offset, gap_id, before, head
from chain_link
where gap_id is not null and layout_id = $1::integer
order by gap_id
