-- What the other verify_*.sql read; goes with the session. By hand:
--   psql -c "set search_path = ''" -f verify_views.sql -f verify_tiles.sql

-- event_row: the rows of the event tables of all kinds; fits says whether a row's source is of its table's kind.
do $$
declare
    query text;
begin
    select pg_catalog.string_agg(
               pg_catalog.format('select %L::text as kind, event_id, source_id, topic_offset from events.%I',
                                 kind, kind),
               ' union all ')
    into query
    from (select distinct kind from bus.schema) as kinds
    where pg_catalog.to_regclass(pg_catalog.format('events.%I', kind)) is not null;
    execute 'create temporary view event_row as select e.*, '
            || 's.source_id is not null and '
            || 'replace(split_part(s.topic, ''.'', -2), ''-'', ''_'') = e.kind as fits from ('
            || coalesce(query, 'select null::text as kind, null::uuid as event_id, null::integer as source_id, '
                               'null::bigint as topic_offset where false')
            || ') as e left join bus.source s on s.source_id = e.source_id';
end
$$;
create temporary view stored_row as
select kind, event_id, source_id, topic_offset from event_row where fits;

-- outcome_run: the lists of outcomes taken apart, one row a run. tile is the batch's first offset.
create temporary table outcome_run as
select source_id, tile, outcome, length, next_offset - length as from_offset, next_offset
from (
    select b.source_id, b.from_offset as tile, run.part[1] as outcome, run.part[2]::bigint as length,
           (b.from_offset + sum(run.part[2]::bigint)
                                over (partition by b.source_id, b.from_offset order by run.place))::bigint
               as next_offset
    from bus.batch b
    cross join lateral pg_catalog.regexp_matches(b.outcomes, '([sdxag])([0-9]+)', 'g')
                           with ordinality as run (part, place)
) as placed;
analyze outcome_run;

-- given_up_or_open: dead letters that still stand for their event, because they were not sent again.
create temporary view given_up_or_open as
select distinct l.event_id
from bus.dead_letter l
where l.event_id is not null
  and 'replay' is distinct from (select a.action
                                 from bus.dead_letter_action a
                                 where a.source_id = l.source_id and a.topic_offset = l.topic_offset
                                 order by a.action_id desc
                                 limit 1);
