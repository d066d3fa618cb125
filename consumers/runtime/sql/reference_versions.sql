-- The newest load of all, and of each table that stages look things up in; 0: there is none. The order is that of
-- reference.c.
select coalesce((select max(version) from reference.load), 0),
       coalesce((select max(version) from reference.load where table_name = 'area'), 0),
       coalesce((select max(version) from reference.load where table_name = 'category'), 0),
       coalesce((select max(version) from reference.load where table_name = 'dedup_rule'), 0),
       coalesce((select max(version) from reference.load where table_name = 'position_default'), 0),
       coalesce((select max(version) from reference.load where table_name = 'responsibility'), 0),
       coalesce((select max(version) from reference.load where table_name = 'case_state'), 0),
       coalesce((select max(version) from reference.load where table_name = 'transition'), 0),
       coalesce((select max(version) from reference.load where table_name = 'time_limit'), 0),
       coalesce((select max(version) from reference.load where table_name = 'calendar'), 0),
       coalesce((select max(version) from reference.load where table_name = 'time_zone'), 0)
