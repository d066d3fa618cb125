-- from_offset and to_offset become what was really done.
update bus.gap
set accepted_at = pg_catalog.clock_timestamp(), accepted_by = coalesce($2::text, session_user), accept_reason = $3::text,
    from_offset = case when $5::boolean then $4::bigint else from_offset end,
    to_offset = case when $5 then to_offset else $4 end
where gap_id = $1::integer
