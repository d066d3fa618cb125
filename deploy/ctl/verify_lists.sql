-- The lists of columns in which rows of the chain were written. copy_sql: reads those rows again, in the order of their
-- places, as: source, offset, event_id, the server's time, and the columns of the list; null: there is no such list, it is of
-- another table, or its columns are not all there any more.
-- of: r rows of events, x dead letters, g gaps. One that is wanted by batches of several pairs of lists is here for each.
with list as (
    select l.layout_id, l.table_name, l.columns, l.column_types,
           pg_catalog.string_agg(pg_catalog.format('r.%I::%s', c.name, pg_catalog.to_regtype(c.type)), ', ' order by place)
               as selected,
           pg_catalog.string_agg(c.name || ' ' || c.type || E'\n', '' order by place) as lines,
           bool_and(a.attname is not null and pg_catalog.to_regtype(c.type) is not null) as is_readable
    from bus.layout l
    cross join unnest(l.columns, l.column_types) with ordinality as c (name, type, place)
    left join pg_catalog.pg_attribute a
        on a.attrelid = pg_catalog.to_regclass(l.table_name) and a.attname = c.name and a.attnum > 0 and not a.attisdropped
    group by l.layout_id
), stretch as ( -- links of one pair that follow one another
    select layout_id, dead_letter_layout_id, source_id, min(from_offset) as from_offset, max(next_offset) as next_offset
    from (
        select *, place - row_number() over (partition by source_id, layout_id, dead_letter_layout_id order by place)
                  + count(*) filter (where not is_adjacent) over (partition by source_id order by place) as island
        from chain_link
        where gap_id is null
    ) as numbered
    group by layout_id, dead_letter_layout_id, source_id, island
), pair as (
    select layout_id, dead_letter_layout_id,
           pg_catalog.string_agg(pg_catalog.format('(%s, %s::bigint, %s::bigint)', source_id, from_offset, next_offset), ', ')
               as stretches
    from stretch
    group by layout_id, dead_letter_layout_id
), wanted as (
    select 'r' as of, layout_id as pair_layout_id, dead_letter_layout_id as pair_dead_letter_layout_id, layout_id, stretches,
           'stored_at' as time, 'events.%' as tables
    from pair
    union all
    select 'x', layout_id, dead_letter_layout_id, dead_letter_layout_id, stretches, 'recorded_at', 'bus.dead_letter'
    from pair
    union all
    select distinct 'g', layout_id, null::integer, layout_id, null, 'accepted_at', 'bus.gap'
    from chain_link
    where gap_id is not null
)
select w.of, w.pair_layout_id, w.pair_dead_letter_layout_id, l.table_name, l.table_name || E'\n' || l.lines,
       case when l.is_readable is not true or l.table_name not like w.tables then null
            when w.of = 'g' then pg_catalog.format(
                'copy (select r.source_id, r.stood_at, null::uuid, r.accepted_at, %s from bus.gap r '
                'where r.layout_id = %s and r.hash is not null order by r.gap_id) to stdout (format binary)',
                l.selected, l.layout_id)
            else pg_catalog.format(
                'copy (select r.source_id, r.topic_offset, r.event_id, r.%I, %s from %s r join (values %s) as s (source_id, '
                'from_offset, next_offset) on r.source_id = s.source_id and r.topic_offset >= s.from_offset '
                'and r.topic_offset < s.next_offset order by r.source_id, r.topic_offset) to stdout (format binary)',
                w.time, l.selected, pg_catalog.to_regclass(l.table_name), w.stretches) end
from wanted w
left join list l using (layout_id)
order by w.pair_layout_id, w.pair_dead_letter_layout_id, w.of
