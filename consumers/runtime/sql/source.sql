-- The source of one partition, made on first sight. No row: another session is just making it; ask again.
-- Looked for first, because a conflict would use up a number too.
with found as (
    select source_id from bus.source
    where cluster_id = $1::text and topic = $2::text and topic_id = $3::text and partition = $4::integer
    order by incarnation desc
    limit 1
), made as (
    insert into bus.source (cluster_id, topic, topic_id, partition)
    select $1, $2, $3, $4
    where not exists (select from found)
    on conflict do nothing
    returning source_id
)
select source_id from found
union all
select source_id from made
