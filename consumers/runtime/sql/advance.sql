-- Last statement before COMMIT: one tile per source, and the sources move, each only from where this owner
-- found it. A leader epoch of -1 is not known.
with moved as (
    select * from unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[],
                         $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::integer[], $11::bytea[],
                         $12::bytea[])
        as t (source_id, from_offset, next_offset, owner_epoch, outcomes, stored, duplicate, dead_letter, absent,
              leader_epoch, head, prints)
), tiles as (
    insert into bus.batch (source_id, from_offset, next_offset, layout_id, dead_letter_layout_id, stored, duplicate,
                           dead_letter, absent, gap, outcomes, hash, prints)
    select source_id, from_offset, next_offset, $13::integer, $14::integer, stored, duplicate, dead_letter, absent, 0,
           outcomes, head, prints
    from moved
)
update bus.progress p
set next_offset = m.next_offset, head = m.head, leader_epoch = nullif(m.leader_epoch, -1),
    moved_at = pg_catalog.clock_timestamp()
from moved m
where p.source_id = m.source_id
  and p.next_offset = m.from_offset
  and p.owner_epoch = m.owner_epoch
