-- Faults of the reference data in force, each a row: table, key, what is wrong. Run by a load after its rows are in, so
-- that it says what would be in force.
with in_force as (
    select e.table_name, e.key, e.valid_from, e.valid_to
    from reference.entry e
    join (select table_name, max(version) as version from reference.load group by table_name) newest
        using (table_name, version)
), in_turn as (
    select *, max(valid_to) over (partition by table_name, key order by valid_from, valid_to
                                  rows between unbounded preceding and 1 preceding) as taken_until
    from in_force
), level (name, rank) as (
    values ('district', 1), ('subdistrict', 2), ('community', 3), ('grid', 4)
), fault (table_name, key, problem) as (
    select table_name, key, 'is there twice at ' || greatest(valid_from, '0001-01-01Z') from in_turn
    where valid_from < taken_until
    union all
    select 'area', code, 'its parent ' || parent_code || ' is no area of a higher level at that time'
    from reference.area_in_force a
    where parent_code is not null and level <> 'district'
      and not exists (select from reference.area_in_force p
                      where p.code = a.parent_code
                        and (select rank from level where name = p.level) < (select rank from level where name = a.level)
                        and p.valid_from < a.valid_to and a.valid_from < p.valid_to)
    union all
    select 'unit', code, 'its parent ' || parent_code || ' is no unit' from reference.unit_in_force
    where parent_code is not null and parent_code not in (select code from reference.unit_in_force)
    union all
    select 'unit', code, 'its area ' || area_code || ' is no area' from reference.unit_in_force
    where area_code is not null and area_code not in (select code from reference.area_in_force)
    union all
    select 'responsibility', area_code || ' ' || dedup_group, 'there is no such area'
    from reference.responsibility_in_force
    where area_code not in (select code from reference.area_in_force)
    union all
    select 'responsibility', area_code || ' ' || dedup_group, 'there is no unit ' || unit_code
    from reference.responsibility_in_force
    where unit_code not in (select code from reference.unit_in_force)
    union all
    select 'responsibility', area_code || ' ' || dedup_group, 'there is no such group in dedup_rule'
    from reference.responsibility_in_force
    where dedup_group <> '*' and dedup_group not in (select dedup_group from reference.dedup_rule_in_force)
    union all
    select 'category', scheme || ' ' || code, 'there is no group ' || dedup_group || ' in dedup_rule'
    from reference.category_in_force
    where dedup_group not in (select dedup_group from reference.dedup_rule_in_force)
    union all
    select 'time_zone', area_code, 'there is no such area' from reference.time_zone_in_force
    where area_code not in (select code from reference.area_in_force)
    union all
    select 'time_zone', area_code, 'there is no time zone ' || name from reference.time_zone_in_force
    where name not in (select name from pg_catalog.pg_timezone_names)
    union all
    select 'time_limit', dedup_group, 'there is no such group in dedup_rule' from reference.time_limit_in_force
    where dedup_group <> '*' and dedup_group not in (select dedup_group from reference.dedup_rule_in_force)
    union all
    select 'calendar', day::text, 'is followed by no day before ' || next_day
    from (select day, lead(day) over (order by day) as next_day from reference.calendar_in_force) d
    where next_day > day + 1
    union all
    select 'calendar', day::text, 'its hours ' || span || ' end before they begin, or before others did'
    from (select day, span, split_part(span, '-', 1)::time as opens, split_part(span, '-', 2)::time as closes,
                 lag(split_part(span, '-', 2)::time) over (partition by day order by place) as closed
          from reference.calendar_in_force
          cross join lateral string_to_table(nullif(hours, ''), ' ') with ordinality as s (span, place)) h
    where opens >= closes or opens < closed
    union all
    select 'calendar', min(day)::text, 'there is no time zone for its days' from reference.calendar_in_force
    having min(day) < coalesce((select min(valid_from) at time zone 'UTC' from reference.time_zone_in_force), 'infinity')
)
select table_name, key, problem from fault order by table_name, key, problem
