-- letter, as a part of other queries: the dead letters that the filters let through ($1 to $9; null: no such filter),
-- each with its state and with why it cannot be sent again (null: it can).
with letter as (
    select d.*, s.topic, s.partition, s.cluster_id, a.state,
           case when not d.is_kept then 'nothing but its size and SHA-256 was kept'
                when d.value_size > coalesce(pg_catalog.octet_length(d.value), 0)
                    then pg_catalog.format('only %s of its %s bytes were kept', pg_catalog.octet_length(d.value),
                                           d.value_size)
                when d.header_count > pg_catalog.cardinality(d.header_names)
                    then pg_catalog.format('only %s of its %s headers were kept',
                                           pg_catalog.cardinality(d.header_names), d.header_count)
                when d.reason = 'header' and d.header_count is null then 'its headers cannot be read'
                when d.replay_count >= 3 then 'it was sent again three times already' end as hindrance
    from bus.dead_letter d
    join bus.source s using (source_id)
    cross join lateral (
        select coalesce((select case b.action when 'replay' then 'replayed' else 'discarded' end
                         from bus.dead_letter_action b
                         where b.source_id = d.source_id and b.topic_offset = d.topic_offset
                         order by b.action_id desc
                         limit 1), 'open') as state
    ) as a
    where ($1::text is null or d.kind = pg_catalog.replace($1, '-', '_'))
      and ($2::text is null or d.reason = $2)
      and ($3::text is null or d.field = $3)
      and ($4::timestamptz is null or d.recorded_at >= $4)
      and ($5::timestamptz is null or d.recorded_at < $5)
      and ($6::integer is null or d.source_id = $6)
      and ($7::integer is null or s.partition = $7)
      and ($8::text is null or a.state = $8)
      and ($9::text[] is null or d.source_id || '/' || d.topic_offset = any ($9))
)
