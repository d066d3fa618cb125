-- First statement of every transaction that stores: the rows that say who may write and where the chains stand, in
-- one order.
select source_id, next_offset, owner_epoch, head
from bus.progress
where source_id = any ($1::integer[])
order by source_id
for update
