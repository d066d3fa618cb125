-- The accuracies of one load ($1), sorted byte by byte as rulebook.c looks them up.
select position_kind, '',
       case when valid_from = '-infinity' then -9223372036854775808
            else (extract(epoch from valid_from) * 1000000)::bigint end,
       case when valid_to = 'infinity' then 9223372036854775807
            else (extract(epoch from valid_to) * 1000000)::bigint end,
       horizontal_accuracy_m
from reference.position_default
where version = $1::integer
order by position_kind collate "C", valid_from
