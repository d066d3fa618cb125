-- The calendar of one load ($1) in the district's time zone of another ($2): a row for each interval of office hours,
-- and one for a day without any; instants as microseconds since 1970. A day ends where the next one begins, so that a
-- change of the zone leaves no hole.
with day as (
    select c.day, c.hours, z.name as zone,
           c.day::timestamp at time zone z.name as begins_at,
           (c.day + 1)::timestamp at time zone z.name as ends_at
    from reference.calendar c
    cross join lateral (
        select name from reference.time_zone z
        where z.version = $2::integer
          and c.day::timestamp at time zone 'UTC' >= z.valid_from
          and c.day::timestamp at time zone 'UTC' < z.valid_to
        order by area_code limit 1
    ) z
    where c.version = $1::integer
), whole as (
    select *, coalesce(lead(begins_at) over (order by day), ends_at) as next_at from day
)
select (extract(epoch from begins_at) * 1000000)::bigint, (extract(epoch from next_at) * 1000000)::bigint,
       (extract(epoch from (day + split_part(span, '-', 1)::time) at time zone zone) * 1000000)::bigint,
       (extract(epoch from (day + split_part(span, '-', 2)::time) at time zone zone) * 1000000)::bigint
from whole
left join lateral string_to_table(nullif(hours, ''), ' ') as span on true
order by day, span
