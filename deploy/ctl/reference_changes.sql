-- What a load ($1) changed against what was in force before it: for each of its tables and each kind of change the
-- number of keys and the first ten of them.
with loaded as (
    select table_name, version as now_version,
           (select max(version) from reference.load b where b.table_name = l.table_name and b.version < l.version)
               as old_version
    from reference.load l where version = $1::integer
), content as (
    select e.table_name, e.version = l.now_version as is_new, e.key,
           md5(string_agg(e.content::text, ',' order by e.valid_from)) as hash
    from reference.entry e
    join loaded l on l.table_name = e.table_name and e.version in (l.now_version, l.old_version)
    group by 1, 2, 3
), compared as (
    select table_name, key,
           case when o.key is null then 'added' when n.key is null then 'removed'
                when n.hash <> o.hash then 'changed' else 'unchanged' end as change
    from (select * from content where is_new) n
    full join (select * from content where not is_new) o using (table_name, key)
)
select table_name, change, count(*), array_to_string((array_agg(key order by key))[1:10], ', ')
from compared group by table_name, change order by table_name, change
