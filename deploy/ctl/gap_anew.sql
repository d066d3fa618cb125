-- The log is another one from $2 on: the source stays where it stands, and one more incarnation begins.
with closed as (
    update bus.progress set owner_epoch = owner_epoch + 1 where source_id = $1::integer
), opened as (
    insert into bus.source (cluster_id, topic, topic_id, partition, incarnation)
    select cluster_id, topic, topic_id, partition, incarnation + 1 from bus.source where source_id = $1
    returning source_id
)
insert into bus.progress (source_id, from_offset, next_offset)
select source_id, $2::bigint, $2 from opened
