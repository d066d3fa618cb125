-- docs/data-dictionary.md, line by line, from the comments of the database.
with part as (
    select n.oid, n.nspname, n.place, 0 as kind, ''::text as name, 0 as line,
           pg_catalog.format(E'\n## Schema `%s`\n\n%s', n.nspname, pg_catalog.obj_description(n.oid, 'pg_namespace')) as text
    from (select oid, nspname,
                 pg_catalog.array_position(array['bus', 'events', 'reference', 'follow_up', 'audit'], nspname::text) as place
          from pg_catalog.pg_namespace) as n
    where n.place is not null
), relation as (
    select c.oid, c.relname, c.relkind, p.nspname, p.place
    from part p
    join pg_catalog.pg_class c on c.relnamespace = p.oid and c.relkind in ('r', 'v')
)
select text
from (select 0 as place, 0 as kind, ''::text as name, 0 as line,
             E'# Data dictionary\n\nFrom the comments of a database as `gridloopctl setup` makes it; '
             '`./dev docs` makes it anew.' as text
      union all
      select place, kind, name, line, text from part
      union all
      select place, 1, relname, 0,
             pg_catalog.format(E'\n### %s `%s.%s`\n\n%s\n\n| column | type | meaning |\n|---|---|---|',
                               case relkind when 'r' then 'Table' else 'View' end, nspname, relname,
                               pg_catalog.obj_description(oid, 'pg_class'))
      from relation
      union all
      select r.place, 1, r.relname, a.attnum,
             pg_catalog.format('| `%s` | %s | %s |', a.attname,
                               pg_catalog.format_type(a.atttypid, a.atttypmod)
                               || case when a.attnotnull then ', not null' else '' end,
                               replace(pg_catalog.col_description(r.oid, a.attnum), '|', '\|'))
      from relation r
      join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      union all
      select p.place, 2, f.proname, 0,
             pg_catalog.format(E'\n### Function `%s.%s(%s)`\n\n%s', p.nspname, f.proname,
                               pg_catalog.pg_get_function_arguments(f.oid), pg_catalog.obj_description(f.oid, 'pg_proc'))
      from part p
      join pg_catalog.pg_proc f on f.pronamespace = p.oid) as lines
order by place, kind, name collate "C", line
