-- Offsets that the broker no longer has: the source stops until an operator accepts it.
insert into bus.gap (source_id, from_offset, to_offset, reason)
select $1::integer, $2::bigint, $3::bigint, $4::text
where not exists (select from bus.gap where source_id = $1 and accepted_at is null)
