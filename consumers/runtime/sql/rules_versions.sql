-- The load of each table that counted when a load ($1) was the newest; 0: none. In the order of rulebook.h, then of
-- case_rules.h.
select coalesce((select max(version) from reference.load where table_name = t.name and version <= $1::integer), 0)
from unnest(array['category', 'dedup_rule', 'position_default', 'responsibility',
                  'case_state', 'transition', 'time_limit', 'calendar', 'time_zone']) with ordinality as t (name, number)
order by number
