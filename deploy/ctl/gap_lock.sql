-- The progress row first, as everybody who moves a source does.
select next_offset, head
from bus.progress
where source_id = (select source_id from bus.gap where gap_id = $1::integer)
for update
