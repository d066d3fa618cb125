-- What the event table really looks like, and which columns must be given a value by whoever inserts.
select a.attname,
       pg_catalog.format_type(a.atttypid, null),
       a.attnotnull,
       a.attnotnull and not a.atthasdef and a.attidentity = '' and a.attgenerated = ''
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'events' and c.relname = $1::text and a.attnum > 0 and not a.attisdropped
