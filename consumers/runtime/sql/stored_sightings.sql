-- All sightings in the order in which they were decided: by which reference data, the event of each, and what was
-- recorded. By stored_sightings.c, percent k is made of the kinds (for each a select of the event's columns and of the
-- fields that linking goes by), percent c of sighting_table. Where a version was not kept yet, the newest one counts that
-- was loaded when the transaction began.
declare stored_sightings no scroll cursor for
select s.link_seq, s.ordinal, s.kind, s.event_id,
       coalesce(s.reference_version, greatest(s.rule_version, s.category_version, 0)),
       coalesce(b.newest, s.reference_version, 0), e.*, %c
from follow_up.sighting s
left join (
    select link_seq, max((select max(l.version) from reference.load l where l.loaded_at <= recorded_at)) as newest
    from follow_up.case_step
    where reference_version is null
    group by link_seq
) b using (link_seq)
left join (%k) e on e.kind = s.kind and e.event_id = s.event_id
order by s.link_seq, s.ordinal
