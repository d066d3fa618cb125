-- Tables of stored events that we may alter, which no daemon has to; no row: none.
select string_agg(c.oid::regclass::text, ', ' order by c.oid::regclass::text)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'events' and c.relkind in ('r', 'p')
  and has_table_privilege(c.oid, 'update, delete, truncate')
having count(*) > 0
