-- What schema audit can be asked, in the order of the questions. What helps only inside is left out.
select o.name, o.is_function, o.is_volatile, o.arguments,
       substring(o.comment from '^(?:Question|KPI) [0-9]+|^[A-Za-z]+') as entry,
       case when cardinality(o.arguments) > 0 then array_to_string(o.arguments, ' ') end as parameters,
       substring(o.comment from '[0-9]*[一-龥].*$') as asks
from (select c.relname::text as name, false as is_function, false as is_volatile, '{}'::text[] as arguments,
             pg_catalog.obj_description(c.oid, 'pg_class') as comment
      from pg_catalog.pg_class c
      where c.relnamespace = 'audit'::regnamespace and c.relkind = 'v'
      union all
      select p.proname::text, true, p.provolatile = 'v', p.proargnames[1:p.pronargs],
             pg_catalog.obj_description(p.oid, 'pg_proc')
      from pg_catalog.pg_proc p
      where p.pronamespace = 'audit'::regnamespace) as o
where o.comment !~ '^Helper'
order by pg_catalog.array_position(array['Question', 'KPI', 'Lookup', 'Facts', 'Settings'],
                                   substring(o.comment from '^[A-Za-z]+')),
         substring(o.comment from '^[A-Za-z]+ ([0-9]+)')::integer, o.name
