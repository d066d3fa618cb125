-- The time limits of one load ($1).
select
       case when valid_from = '-infinity' then -9223372036854775808
            else (extract(epoch from valid_from) * 1000000)::bigint end,
       case when valid_to = 'infinity' then 9223372036854775807
            else (extract(epoch from valid_to) * 1000000)::bigint end,
       dedup_group, limit_type, limit_value
from reference.time_limit
where version = $1::integer
