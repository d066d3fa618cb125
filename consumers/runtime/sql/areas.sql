-- The areas of one load ($1); times as microseconds since 1970.
select code, level,
       case when valid_from = '-infinity' then -9223372036854775808
            else (extract(epoch from valid_from) * 1000000)::bigint end,
       case when valid_to = 'infinity' then 9223372036854775807
            else (extract(epoch from valid_to) * 1000000)::bigint end,
       geometry, coalesce(parent_code, '')
from reference.area
where version = $1::integer
order by code, valid_from
