select source_id, reason, from_offset, to_offset, accepted_at::timestamptz(0), accepted_by, accept_reason
from bus.gap
where gap_id = $1::integer
