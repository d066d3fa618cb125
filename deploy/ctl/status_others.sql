-- What else waits for somebody. An order is sent within a second: one that is a minute old is stuck.
with others as (
    select 1 as place, case when exists (
               select
               from pg_catalog.pg_locks l
               cross join (select pg_catalog.hashtextextended('gridloop dispatch', 0) as key) k
               where l.locktype = 'advisory' and l.granted and l.objsubid = 1
                 and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
                 and (l.classid::bigint << 32 | l.objid::bigint) = k.key) then 'ok' else 'stopped' end as state,
           'dispatch' as thing, null::bigint as count, null::bigint as oldest_s,
           'no gridloop-dispatch leads' as what
    union all
    select 2, case when count(*) = 0 or min(o.decided_at) > pg_catalog.now() - interval '1 minute' then 'ok' else 'stalled' end,
           'outbox', count(*), pg_catalog.floor(extract(epoch from pg_catalog.now() - min(o.decided_at)))::bigint,
           'orders wait to be sent'
    from follow_up.outbox o
    where not exists (select from follow_up.outbox_sent s where s.order_id = o.order_id)
    union all
    select 3, 'open', 'dead letters of ' || d.kind, count(*),
           pg_catalog.floor(extract(epoch from pg_catalog.now() - min(d.recorded_at)))::bigint,
           'gridloopctl dead-letter list'
    from bus.dead_letter d
    where not exists (select from bus.dead_letter_action a
                      where a.source_id = d.source_id and a.topic_offset = d.topic_offset)
    group by d.kind
    union all
    select 4, 'ok', 'parked actions', count(*),
           pg_catalog.floor(extract(epoch from pg_catalog.now() - min(p.recorded_at)))::bigint, null
    from follow_up.parked p
)
select state, thing, count, oldest_s, case when state <> 'ok' then what end
from others
order by pg_catalog.array_position('{stopped,stalled,open,ok}', state), place, thing
