-- Where a source begins that nobody has read before; where $4 says that something is missing in front, it waits
-- from the first moment on.
with begun as (
    insert into bus.progress (source_id, from_offset, next_offset, chained_from, head)
    values ($1::integer, $2::bigint, $2, $2, bus.chain_start($1, $2))
    on conflict do nothing
    returning source_id
)
insert into bus.gap (source_id, from_offset, to_offset, reason)
select source_id, $2, $3::bigint, $4::text from begun where $4::text is not null
