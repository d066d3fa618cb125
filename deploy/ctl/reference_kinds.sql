-- The kinds of event whose tables know where events lie.
select c.relname from pg_catalog.pg_class c
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'wgs84_longitude'
where c.relnamespace = 'events'::regnamespace and c.relkind = 'r'
order by c.relname
