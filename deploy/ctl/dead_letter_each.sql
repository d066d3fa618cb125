select source_id || '/' || topic_offset, pg_catalog.to_char(recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), kind, reason,
       field, state, event_id, value_size, hindrance is null, detail
from letter
order by source_id, topic_offset
