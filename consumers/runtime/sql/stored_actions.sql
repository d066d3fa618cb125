-- What persons and the clock did, in the order in which it was decided; what linking did is not among it. A step whose
-- event is no stored action says nothing of what came up (kind null). Where a version was not kept yet, the newest one
-- counts that was loaded when the transaction began.
declare stored_actions no scroll cursor for
with step as (
    select s.*, row_number() over (partition by event_id order by link_seq, ordinal, place) = 1 as is_first
    from follow_up.case_step s
    where not exists (select from follow_up.sighting g where g.link_seq = s.link_seq)
), act as (
    select s.link_seq, s.ordinal, s.place, s.recorded_at, s.reference_version,
           case when s.event_id is null then 'send'
                when not s.is_first then 'retry'
                when exists (select from events.case_action a where a.event_id = s.event_id) then 'new'
           end as kind,
           case when s.is_first and s.event_id is not null then s.event_id else s.named_id end as id
    from step s
    union all
    select o.link_seq, 0, 0, o.recorded_at, 0, o.cause, o.case_id
    from follow_up.outbox o
    where o.order_kind = 'REMIND'
)
select link_seq, ordinal, kind, id, (extract(epoch from recorded_at) * 1000000)::bigint,
       coalesce(reference_version, (select max(l.version) from reference.load l where l.loaded_at <= recorded_at), 0)
from act
where kind is not null
order by link_seq, ordinal, place, id
