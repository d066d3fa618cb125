-- Where a partition stands ($1: topic, $2: partition, $3: cluster), who has it (null: nobody), and the gap that it waits for;
-- locked, so that nobody claims it meanwhile.
select p.source_id, p.next_offset,
       (select p.owner
        from pg_catalog.pg_stat_activity b
        where b.pid = p.backend_pid and b.datname = pg_catalog.current_database()
          and coalesce(b.backend_start = p.backend_start, true)),
       (select g.gap_id from bus.gap g where g.source_id = p.source_id and g.accepted_at is null)
from bus.progress p
where p.source_id = (select s.source_id
                     from bus.source s
                     where s.topic = $1::text and s.partition = $2::integer and s.cluster_id = $3::text
                     order by s.source_id desc
                     limit 1)
for update of p
