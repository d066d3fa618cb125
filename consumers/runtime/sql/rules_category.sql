-- The categories of one load ($1), sorted byte by byte as rulebook.c looks them up.
select scheme, code,
       case when valid_from = '-infinity' then -9223372036854775808
            else (extract(epoch from valid_from) * 1000000)::bigint end,
       case when valid_to = 'infinity' then 9223372036854775807
            else (extract(epoch from valid_to) * 1000000)::bigint end,
       dedup_group, auto_dispatch::integer
from reference.category
where version = $1::integer
order by scheme collate "C", code collate "C", valid_from
