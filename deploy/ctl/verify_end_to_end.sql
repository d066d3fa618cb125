-- By kind: accepted = stored + dead letters + spooled + missing.
select kind, coalesce(accepted, 0) as accepted, coalesce(stored, 0) as stored,
       coalesce(dead_letter, 0) as dead_letter, coalesce(spooled, 0) as spooled, coalesce(missing, 0) as missing,
       coalesce(phantom, 0) as phantom
from (
    select kind, count(*) as accepted, count(*) filter (where fate = 'stored') as stored,
           count(*) filter (where fate = 'dead_letter') as dead_letter,
           count(*) filter (where fate = 'spooled') as spooled,
           count(*) filter (where fate = 'missing') as missing
    from fate
    group by kind
) as f
full join (select kind, count(*) as phantom from phantom group by kind) as p using (kind)
order by kind
