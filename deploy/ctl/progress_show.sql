-- Where every partition stands. $1: beginning of the topics' names.
select s.topic, s.partition, s.incarnation, p.from_offset, p.next_offset, p.owner, p.owner_epoch,
       case when exists (select
                         from pg_catalog.pg_stat_activity b
                         where b.pid = p.backend_pid and b.datname = pg_catalog.current_database()
                           and coalesce(b.backend_start = p.backend_start, true)) then 'yes' else 'no' end,
       pg_catalog.to_char(p.moved_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), g.gap_id, p.pause_reason
from bus.source s
join bus.progress p using (source_id)
left join bus.gap g on g.source_id = s.source_id and g.accepted_at is null
where pg_catalog.starts_with(s.topic, $1::text || '.')
order by s.topic, s.partition, s.source_id
