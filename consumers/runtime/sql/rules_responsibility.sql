-- The responsible units of one load ($1), sorted byte by byte as rulebook.c looks them up.
select area_code, dedup_group,
       case when valid_from = '-infinity' then -9223372036854775808
            else (extract(epoch from valid_from) * 1000000)::bigint end,
       case when valid_to = 'infinity' then 9223372036854775807
            else (extract(epoch from valid_to) * 1000000)::bigint end,
       unit_code
from reference.responsibility
where version = $1::integer
order by area_code collate "C", dedup_group collate "C", valid_from
