-- Takes a source over: from now on every write of an earlier owner misses. One that waits for an operator is not
-- taken. A pause (paused_at) is the owner's own.
update bus.progress
set owner_epoch = owner_epoch + 1,
    owner = $2::text,
    backend_pid = pg_catalog.pg_backend_pid(),
    backend_start = (select backend_start from pg_catalog.pg_stat_activity
                     where pid = pg_catalog.pg_backend_pid()),
    paused_at = case when owner = $2::text then paused_at end,
    pause_reason = case when owner = $2::text then pause_reason end,
    claimed_at = pg_catalog.clock_timestamp()
where source_id = $1::integer
  and not exists (select from bus.gap g where g.source_id = $1 and g.accepted_at is null)
returning next_offset, owner_epoch, leader_epoch
