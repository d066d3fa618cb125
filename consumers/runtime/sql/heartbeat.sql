-- The latest heartbeat of each source, in the transaction that moves its progress beyond it.
insert into bus.heartbeat (source_id, sent_at)
select source_id, pg_catalog.to_timestamp(sent_ms / 1000.0)
from unnest($1::integer[], $2::bigint[]) as beat (source_id, sent_ms)
order by source_id
on conflict (source_id) do update set sent_at = excluded.sent_at, stored_at = excluded.stored_at
