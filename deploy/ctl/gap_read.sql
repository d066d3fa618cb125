-- The gap, and what accepting it now would write; times also in microseconds since 1970.
select g.source_id, g.reason, g.from_offset, g.to_offset, g.accepted_at::timestamptz(0), g.accepted_by, g.accept_reason,
       (extract(epoch from g.found_at) * 1000000)::bigint, time.now, (extract(epoch from time.now) * 1000000)::bigint,
       session_user
from bus.gap g
cross join (select pg_catalog.clock_timestamp() as now) as time
where g.gap_id = $1::integer
