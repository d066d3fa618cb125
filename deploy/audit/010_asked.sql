-- What auditors read: views and functions over all the rest, nothing else. gridloopctl setup makes the whole schema anew
-- when one of these files, or what they read, has changed; so nothing of anybody else may be put into it.
--
-- A view reads with the rights of its owner. None of them is filtered by who asks, so none has to be a barrier.

create schema audit;
comment on schema audit is
    'What auditors may read: views and functions. Made anew by gridloopctl setup. 供审计人员查询的视图与函数；由 gridloopctl setup 重建。';
revoke all on schema audit from public;

-- ---- what is asked for ------------------------------------------------------------------------------

create view audit.asked as
    select d.include_test, d.from_day, d.to_day, z.time_zone,
           d.from_day::timestamp at time zone z.time_zone as from_at,
           (d.to_day + 1)::timestamp at time zone z.time_zone as until_at
    from (select coalesce((select t.name
                           from reference.time_zone_in_force t
                           where now() >= t.valid_from and now() < t.valid_to
                           order by length(t.area_code), t.area_code
                           limit 1), 'Asia/Shanghai') as time_zone) as z
    cross join lateral (
        select coalesce(nullif(current_setting('gridloop.to_day', true), '')::date,
                        (now() at time zone z.time_zone)::date) as last_day) as t
    cross join lateral (
        select coalesce(nullif(current_setting('gridloop.include_test', true), '')::boolean, false) as include_test,
               coalesce(nullif(current_setting('gridloop.from_day', true), '')::date, t.last_day - 29) as from_day,
               t.last_day as to_day) as d
    offset 0; -- worked out once, not for each row that it is compared with
comment on view audit.asked is
    'Settings. What all other views go by: SET gridloop.from_day, gridloop.to_day and gridloop.include_test change it; without them the last 30 days, without drills and tests. 查询条件：可用 SET 设定 gridloop.from_day、gridloop.to_day、gridloop.include_test；默认为最近30天，不含演练与测试。';

create function audit.share(numerator bigint, denominator bigint) returns text
    language sql immutable
    return case when denominator >= 30 then round(100.0 * numerator / denominator, 1) || ' %'
                when denominator > 0 then numerator || '/' || denominator
           end;
comment on function audit.share(bigint, bigint) is
    'Helper. A ratio as it may be shown: below 30 cases the fraction itself, of none nothing. 比率的显示方式：不足30件时只显示分数，为零时不显示。';

create function audit.hours(length interval) returns numeric
    language sql immutable
    return round((extract(epoch from length) / 3600)::numeric, 1);
comment on function audit.hours(interval) is
    'Helper. A length of time in hours. 以小时表示的时长。';

create function audit.days(length interval) returns numeric
    language sql immutable
    return round((extract(epoch from length) / 86400)::numeric, 1);
comment on function audit.days(interval) is
    'Helper. A length of time in days of 24 hours. 以天（24小时）表示的时长。';
