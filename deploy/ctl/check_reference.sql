-- Tables of reference data ($1, with blanks between them), whether any load is in force, and for the calendar how many days it still has.
select t.table_name,
       (l.version is not null)::integer,
       case t.table_name
           when 'calendar' then (select max(day) - current_date from reference.calendar_in_force)
       end
from unnest(string_to_array($1, ' ')) as t (table_name)
left join (select table_name, max(version) as version from reference.load group by table_name) l using (table_name)
order by t.table_name
