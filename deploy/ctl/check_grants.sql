-- What daemons need and we may not: each a row. It is what role gridloop_ingest may, as the migrations have said; and what
-- every batch does, should that have been taken from it.
with granted (what, has) as (
    select lower(a.privilege_type) || ' on schema ' || n.nspname, has_schema_privilege(n.oid, a.privilege_type)
    from pg_catalog.pg_namespace n, lateral pg_catalog.aclexplode(n.nspacl) a
    where a.grantee = 'gridloop_ingest'::regrole
    union all
    select lower(a.privilege_type) || ' on ' || c.oid::regclass,
           case c.relkind when 'S' then has_sequence_privilege(c.oid, a.privilege_type)
                          else has_table_privilege(c.oid, a.privilege_type) end
    from pg_catalog.pg_class c, lateral pg_catalog.aclexplode(c.relacl) a
    where a.grantee = 'gridloop_ingest'::regrole
    union all
    select lower(a.privilege_type) || ' (' || t.attname || ') on ' || t.attrelid::regclass,
           has_column_privilege(t.attrelid, t.attnum, a.privilege_type)
    from pg_catalog.pg_attribute t, lateral pg_catalog.aclexplode(t.attacl) a
    where a.grantee = 'gridloop_ingest'::regrole
    union all
    select lower(a.privilege_type) || ' on ' || p.oid::regprocedure, has_function_privilege(p.oid, a.privilege_type)
    from pg_catalog.pg_proc p, lateral pg_catalog.aclexplode(p.proacl) a
    where a.grantee = 'gridloop_ingest'::regrole
    union all
    select lower(a.privilege_type) || ' on database ' || d.datname, has_database_privilege(d.oid, a.privilege_type)
    from pg_catalog.pg_database d, lateral pg_catalog.aclexplode(d.datacl) a
    where d.datname = current_database() and a.grantee = 'gridloop_ingest'::regrole
    union all
    select action || ' on ' || c.oid::regclass, has_table_privilege(c.oid, action)
    from pg_catalog.pg_class c
    cross join unnest(array['select', 'insert', 'update']) as action
    where c.relnamespace = 'events'::regnamespace and action <> 'update' and c.relname in (select kind from bus.schema)
       or c.oid = 'bus.progress'::regclass
)
select distinct what from granted where not has order by what
