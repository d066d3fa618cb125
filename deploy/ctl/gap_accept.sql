-- from_offset and to_offset become what was really done.
update bus.gap
set from_offset = $2::bigint, to_offset = $3::bigint, accepted_at = $4::timestamptz, accepted_by = $5::text,
    accept_reason = $6::text, stood_at = $7::bigint, layout_id = $8::integer, hash = $9::bytea
where gap_id = $1::integer
