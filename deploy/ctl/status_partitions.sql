-- What each partition's state is, the worst first. $1: kinds; $2: topics; $3: partitions (-1: the topic is not there);
-- $4: next offsets to be written when we began to look (null: not known); $5: where they stood then; $6: when the oldest
-- message that is not stored was written, in milliseconds since 1970; $7: the cluster, null: any. Who has read all that was
-- there when we began is not behind, however much came since.
with asked as (
    select a.kind, a.topic, a.partition, a.high, a.stood, a.oldest_ms
    from unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[])
        as a (kind, topic, partition, high, stood, oldest_ms)
), found as (
    select a.*, p.next_offset, p.owner, p.moved_at, p.paused_at, p.pause_reason, h.sent_at, g.gap_id, g.reason,
           greatest(a.high - p.next_offset, 0) as lag,
           exists (select
                   from pg_catalog.pg_stat_activity b
                   where b.pid = p.backend_pid and b.datname = pg_catalog.current_database()
                     and coalesce(b.backend_start = p.backend_start, true)) as is_owned
    from asked a
    left join lateral (select s.source_id
                       from bus.source s
                       where s.topic = a.topic and s.partition = a.partition
                         and s.cluster_id = coalesce($7::text, s.cluster_id)
                       order by s.source_id desc
                       limit 1) s on true
    left join bus.progress p using (source_id)
    left join bus.heartbeat h using (source_id)
    left join bus.gap g on g.source_id = s.source_id and g.accepted_at is null
), judged as (
    select f.*,
           case when f.partition < 0 or f.gap_id is not null or f.paused_at is not null or f.next_offset is null
                     or not f.is_owned then 'stopped'
                when f.high is null then 'unknown'
                when f.next_offset >= f.high then 'ok'
                when f.next_offset > f.stood then 'behind'
                else 'stalled' end as state
    from found f
)
select j.state, j.kind, nullif(j.partition, -1), j.lag,
       case when j.lag = 0 then 0
            else greatest(pg_catalog.ceil(extract(epoch from pg_catalog.now()) - j.oldest_ms / 1000.0), 0)::bigint end,
       pg_catalog.floor(extract(epoch from pg_catalog.now() - j.moved_at))::bigint,
       pg_catalog.floor(extract(epoch from pg_catalog.now() - j.sent_at))::bigint,
       j.owner,
       case when j.partition < 0 then 'the topic is not there: gridloopctl setup'
            when j.gap_id is not null then pg_catalog.format('gap %s (%s): gridloopctl gap list', j.gap_id, j.reason)
            when j.paused_at is not null then pg_catalog.format('paused: %s', j.pause_reason)
            when j.next_offset is null then 'nobody has read it yet: is a consumer running?'
            when not j.is_owned then 'no consumer has it'
            when j.state = 'unknown' then 'Kafka does not answer'
            when j.state = 'behind' then 'moves, and has not caught up'
            when j.state = 'stalled' then 'its consumer does not move' end
from judged j
order by pg_catalog.array_position('{stopped,stalled,unknown,behind,ok}', j.state), 5 desc nulls last, j.lag desc nulls last,
         j.kind, j.partition
