-- A source is left alone for a while because of what it brings ($3: why), or goes on (null).
update bus.progress
set paused_at = case when $3::text is null then null else coalesce(paused_at, pg_catalog.clock_timestamp()) end,
    pause_reason = $3::text
where source_id = $1::integer and owner_epoch = $2::bigint
