-- What a file for a table ($1) may give: its columns but those that the load itself fills; and of each whether an empty
-- field is an empty text (the column's default), not nothing.
select a.attname, (coalesce(pg_get_expr(d.adbin, d.adrelid), '') = '''''::text')::integer
from pg_catalog.pg_attribute a
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = ('reference.' || $1::text)::regclass and a.attnum > 0 and not a.attisdropped
  and a.attname not in ('version', 'loaded_at', 'loaded_by', 'file_sha256')
order by a.attnum
