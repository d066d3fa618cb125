-- Ends the sessions that hold a source locked and may: the former owner's (same process id and same start), and
-- whichever of our own role has locked the row just now. Never our own, nor another role's.
select pg_catalog.pg_terminate_backend(a.pid)
from bus.progress p
join pg_catalog.pg_stat_activity a
  on (a.pid = p.backend_pid and a.backend_start = p.backend_start)
  or (a.backend_xid = p.xmax and a.usename = current_user)
where p.source_id = $1::integer
  and a.pid <> pg_catalog.pg_backend_pid()
