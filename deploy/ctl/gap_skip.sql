-- The source moves to $2, and the offsets up to there, if there are any, are told to be given up in a tile of their own;
-- $3: head of the chain behind the gap. Who owns the source has to claim again.
with place as (
    select source_id, next_offset from bus.progress where source_id = $1::integer
), tile as (
    insert into bus.batch (source_id, from_offset, next_offset, stored, duplicate, dead_letter, absent, gap, outcomes,
                           hash, prints)
    select source_id, next_offset, $2::bigint, 0, 0, 0, 0, $2 - next_offset, 'g' || ($2 - next_offset), $3::bytea, ''
    from place
    where next_offset < $2
)
update bus.progress
set next_offset = $2, head = $3, leader_epoch = null, owner_epoch = owner_epoch + 1,
    moved_at = pg_catalog.clock_timestamp()
where source_id = $1
