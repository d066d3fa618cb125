-- The states of one load ($1).
select
       case when valid_from = '-infinity' then -9223372036854775808
            else (extract(epoch from valid_from) * 1000000)::bigint end,
       case when valid_to = 'infinity' then 9223372036854775807
            else (extract(epoch from valid_to) * 1000000)::bigint end,
       state, is_open::integer, counts_as_answered::integer, is_terminal::integer
from reference.case_state
where version = $1::integer
