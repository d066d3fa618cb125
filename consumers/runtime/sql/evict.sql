-- Ends the session of a former owner that holds a source locked, and no other: same process id and same
-- start, and never our own.
select pg_catalog.pg_terminate_backend(a.pid)
from bus.progress p
join pg_catalog.pg_stat_activity a on a.pid = p.backend_pid and a.backend_start = p.backend_start
where p.source_id = $1::integer
  and a.pid <> pg_catalog.pg_backend_pid()
