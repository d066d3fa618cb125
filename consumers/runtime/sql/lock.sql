-- First statement of every transaction that stores: the rows that say who may write and where the chains stand, in
-- one order; and the newest load of reference data, which the batch must have been placed by.
select source_id, next_offset, owner_epoch, head, (select coalesce(max(version), 0) from reference.load)
from bus.progress
where source_id = any ($1::integer[])
order by source_id
for update
