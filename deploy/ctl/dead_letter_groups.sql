select kind, reason, field, count(*),
       pg_catalog.to_char(min(recorded_at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       pg_catalog.to_char(max(recorded_at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       (pg_catalog.array_agg(source_id || '/' || topic_offset order by recorded_at desc, source_id, topic_offset))[1]
from letter
group by kind, reason, field
order by count(*) desc, kind, reason, field
