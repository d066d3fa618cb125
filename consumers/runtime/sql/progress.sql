-- Where a source stands, and whether it waits for an operator to accept a gap.
select p.next_offset,
       exists (select from bus.gap g where g.source_id = p.source_id and g.accepted_at is null)
from bus.progress p
where p.source_id = $1::integer
