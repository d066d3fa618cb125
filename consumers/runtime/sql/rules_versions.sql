-- The load of each table that counted when a load ($1) was the newest; 0: none. In the order of rulebook.h.
select coalesce((select max(version) from reference.load where table_name = 'category' and version <= $1::integer), 0),
       coalesce((select max(version) from reference.load where table_name = 'dedup_rule' and version <= $1::integer), 0),
       coalesce((select max(version) from reference.load where table_name = 'position_default'
                                                           and version <= $1::integer), 0),
       coalesce((select max(version) from reference.load where table_name = 'responsibility'
                                                           and version <= $1::integer), 0)
