-- Offsets that are missing: the source stops until an operator accepts it. One that is open already follows the
-- broker.
insert into bus.gap (source_id, from_offset, to_offset, reason)
values ($1::integer, $2::bigint, $3::bigint, $4::text)
on conflict (source_id) where accepted_at is null
do update set to_offset = excluded.to_offset
    where gap.reason = excluded.reason and gap.to_offset is distinct from excluded.to_offset
