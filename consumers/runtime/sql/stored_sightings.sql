-- All sightings in the order in which they were decided: what was recorded of each, and its event. %s is made of the
-- kinds by stored_sightings.c: for each a select of the event's columns and of the fields that linking goes by.
declare stored_sightings no scroll cursor for
select s.link_seq, s.ordinal, s.kind, s.event_id,
       coalesce(s.reference_version, greatest(s.rule_version, s.category_version, 0)),
       s.source_id, s.topic_offset, s.is_test, s.message, s.report_id, s.outcome, s.basis, s.flags, s.case_id,
       s.related_case_id, s.dedup_group, s.rule_version, s.category_version, s.unit_code,
       (extract(epoch from s.counted_at) * 1000000)::bigint, s.age_us, s.distance_m, s.radius_m, s.accuracy_m,
       e.*
from follow_up.sighting s
left join (%s) e on e.kind = s.kind and e.event_id = s.event_id
order by s.link_seq, s.ordinal
