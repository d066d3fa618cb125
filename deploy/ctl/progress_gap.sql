-- What is given up: from where the source stands to $2.
insert into bus.gap (source_id, from_offset, to_offset, reason)
select source_id, next_offset, $2::bigint, 'set_forward' from bus.progress where source_id = $1::integer
returning gap_id
