-- The legal steps of one load ($1).
select
       case when valid_from = '-infinity' then -9223372036854775808
            else (extract(epoch from valid_from) * 1000000)::bigint end,
       case when valid_to = 'infinity' then 9223372036854775807
            else (extract(epoch from valid_to) * 1000000)::bigint end,
       case_kind, from_state, action, result, to_state, roles, needs, marks,
       coalesce(at_most, 0), coalesce(most_days, 0)
from reference.transition
where version = $1::integer
