-- The rules of one load ($1), sorted byte by byte as rulebook.c looks them up. Windows in microseconds: -1 is never,
-- the largest number without end.
select dedup_group, '',
       case when valid_from = '-infinity' then -9223372036854775808
            else (extract(epoch from valid_from) * 1000000)::bigint end,
       case when valid_to = 'infinity' then 9223372036854775807
            else (extract(epoch from valid_to) * 1000000)::bigint end,
       radius_m,
       case when merge_window_s <= 9000000000000 then merge_window_s * 1000000 else 9223372036854775807 end,
       case when reopen_window_s = 0 then -1 else least(reopen_window_s, 9000000000000) * 1000000 end,
       case when repeat_window_s = 0 then -1 else least(repeat_window_s, 9000000000000) * 1000000 end,
       case when mute_window_s = 0 then -1 else least(mute_window_s, 9000000000000) * 1000000 end,
       coalesce(mute_count, 9223372036854775807), (anchor = 'last')::integer, same_unit::integer,
       ignore_status::integer
from reference.dedup_rule
where version = $1::integer
order by dedup_group collate "C", valid_from
