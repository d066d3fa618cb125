select source_id, topic_offset, topic, partition, cluster_id, kind, reason, field, detail, event_id, sqlstate, message_key,
       value, value_size, pg_catalog.encode(value_sha256, 'hex'), is_kept, header_count,
       pg_catalog.cardinality(header_names), replay_source || '/' || replay_offset, replay_count,
       pg_catalog.to_char(recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), state, hindrance
from letter
where (source_id, topic_offset) > ($10::integer, $11::bigint)
order by source_id, topic_offset
limit $12::bigint
