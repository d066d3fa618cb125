-- Where a source begins that nobody has read before.
insert into bus.progress (source_id, from_offset, next_offset)
values ($1::integer, $2::bigint, $2::bigint)
on conflict do nothing
