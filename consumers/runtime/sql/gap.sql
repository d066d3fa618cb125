-- Offsets that are missing: the source stops until an operator accepts it. One that is open already follows the
-- broker. Nothing is written if the source has changed since it was looked at: an operator may just have accepted.
insert into bus.gap (source_id, from_offset, to_offset, reason)
select source_id, $2::bigint, $3::bigint, $4::text
from bus.progress
where source_id = $1::integer and next_offset = $5::bigint and owner_epoch = $6::bigint
for share
on conflict (source_id) where accepted_at is null
do update set to_offset = excluded.to_offset
    where gap.reason = excluded.reason and gap.to_offset is distinct from excluded.to_offset
