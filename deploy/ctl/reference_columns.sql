-- What a file for a table ($1) may give: its columns but those that the load itself fills.
select attname from pg_catalog.pg_attribute
where attrelid = ('reference.' || $1::text)::regclass and attnum > 0 and not attisdropped
  and attname not in ('version', 'loaded_at', 'loaded_by', 'file_sha256')
order by attnum
