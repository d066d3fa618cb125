-- The offsets up to $2 are given up, and are told so in a tile of their own; who owns the source has to claim again.
with place as (
    select source_id, next_offset from bus.progress where source_id = $1::integer
), tile as (
    insert into bus.batch (source_id, from_offset, next_offset, stored, duplicate, dead_letter, absent, gap, outcomes)
    select source_id, next_offset, $2::bigint, 0, 0, 0, 0, $2 - next_offset, 'g' || ($2 - next_offset)
    from place
    where next_offset < $2
)
update bus.progress
set next_offset = $2, leader_epoch = null, owner_epoch = owner_epoch + 1, moved_at = pg_catalog.clock_timestamp()
where source_id = $1
