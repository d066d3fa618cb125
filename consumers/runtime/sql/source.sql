-- The source of one partition, made on first sight. No row: another session is just making it; ask again.
with made as (
    insert into bus.source (cluster_id, topic, topic_id, partition)
    values ($1::text, $2::text, $3::text, $4::integer)
    on conflict do nothing
    returning source_id
)
select source_id from made
union all
select source_id from bus.source
where cluster_id = $1 and topic = $2 and topic_id = $3 and partition = $4
limit 1
