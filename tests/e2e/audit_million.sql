-- A million events of two years in one town, with the cases, sightings and steps that they came to. Nothing is random;
-- times end yesterday, so that the last 30 days have their share.

create function pg_temp.at(share double precision) returns timestamptz
    language sql stable return date_trunc('day', now()) - interval '731 days' + share * interval '730 days';
create function pg_temp.id(kind text, number bigint) returns uuid
    language sql stable return md5(kind || number)::uuid;
create function pg_temp.source(kind text) returns integer
    language sql return (select source_id from bus.source where topic_id = kind);

insert into bus.source (cluster_id, topic, topic_id, partition)
select 'c', 'gridloop.' || replace(kind, '_', '-') || '.v1', kind, 0
from unnest(array['drone_alert', 'patrol_log', 'inspection_finding', 'case_action', 'flight_task']) as kind;

insert into events.drone_alert (event_id, occurred_at, recorded_at, stored_at, producer_id, is_test, source_id, topic_offset,
    content_hash, alert_id, message_type, town_code, hangar_id, flight_id, captured_at, longitude, latitude, position_kind,
    source_crs, category_scheme, major_class_code, minor_class_code, detector_label, detector_name, detector_version,
    confidence, certainty, urgency, severity, image_object_key, image_sha256, wgs84_longitude, wgs84_latitude)
select pg_temp.id('alert', n), t.at, t.at + interval '20 s', t.at + interval '25 s', 'hangar-' || n % 3, n % 100 = 7,
       (select pg_temp.source('drone_alert')), n, '\x00'::bytea, 'a' || n, 'ALERT', '410503100', 'H' || n % 3, 'f' || n / 40, t.at,
       114.3, 36.1, 'TARGET', 'WGS84', 'local-2026', 'LIVING', 'CLASS_' || n % 5, 'litter', 'yolo', 'v' || n / 200000, 0.8,
       'LIKELY', 'EXPECTED', 'MODERATE', 'images/' || n || '.jpg', md5('i' || n) || md5('j' || n), 114.3, 36.1
from generate_series(0, 599999) as n cross join lateral (select pg_temp.at(n / 600000.0) as at) as t;

insert into events.patrol_log (event_id, occurred_at, recorded_at, stored_at, producer_id, is_test, source_id, topic_offset,
    content_hash, patrol_id, grid_code, grid_kind, community_code, subdistrict_code, activity_type, led_by, shift_kind,
    started_at, police_count, grid_worker_count, party_member_count, volunteer_count, team_lead_ref)
select pg_temp.id('patrol', n), t.at, t.at + interval '1 hour', t.at + interval '2 hours', 'app', n % 100 = 7,
       (select pg_temp.source('patrol_log')), n, '\x00'::bytea, pg_temp.id('p', case when n % 20 = 1 then n - 1 else n end), g.grid_code,
       'BASIC', g.community_code, g.subdistrict_code,
       (array['ROUTINE_PATROL', 'CLEAN_UP', 'JOINT_MEETING', 'INFO_COLLECTION'])[1 + n % 4], 'GRID',
       (array['DAY', 'STAGGERED_EVENING'])[1 + n % 2], t.at, n % 3, 1, 1, 0, 'lead-' || n % 40
from generate_series(0, 239999) as n
cross join lateral (select pg_temp.at(n / 240000.0) as at) as t
join (select *, row_number() over (order by grid_code) - 1 as number, count(*) over () as count from audit.grids) as g
    on g.number = n % g.count;

insert into events.inspection_finding (event_id, occurred_at, recorded_at, stored_at, producer_id, is_test, source_id,
    topic_offset, content_hash, finding_id, finding_no, round_code, team_code, inspected_unit_code, responsible_unit_code,
    responsible_leader_ref, issue_code, issue_scheme, issue_summary, evidence_kind, severity, rectification_track, found_at,
    plan_due_at, plan_submitted_at, report_due_at, next_follow_up_at, disclosure_scope, secrecy_flag)
select pg_temp.id('finding', n), t.at, t.at, t.at, 'team', false, (select pg_temp.source('inspection_finding')), n, '\x00'::bytea,
       pg_temp.id('fi', n / 2), 'F' || n / 2, 'R' || n / 2000, 'T1', 'U' || n % 40, 'U' || n % 40, 'l', 'ISSUE_' || n % 60,
       'local', 's', 'DATA', 'GENERAL', 'WITHIN_TERM', t.at, t.at + interval '15 days',
       case when n % 3 > 0 then t.at + n % 20 * interval '1 day' end, t.at + interval '60 days', t.at + interval '90 days',
       'INTERNAL', false
from generate_series(0, 9999) as n cross join lateral (select pg_temp.at(n / 10000.0) as at) as t;

insert into events.flight_task (event_id, occurred_at, recorded_at, stored_at, producer_id, is_test, source_id, topic_offset,
    content_hash, task_id, town_code, hangar_id, route_id, planned_at, started_at, status, media_expected, media_uploaded)
select pg_temp.id('flight', n), t.at, t.at + n % 2 * interval '1 hour', t.at, 'hangar-' || n / 2 % 3, false,
       (select pg_temp.source('flight_task')), n, '\x00'::bytea, 't' || n / 2, '410503100', 'H' || n / 2 % 3, 'R' || n / 2 % 9, t.at,
       case when n % 20 > 1 then t.at end, case when n % 2 = 0 then 'IN_PROGRESS' else 'COMPLETED' end, 40, 40 - n % 5
from generate_series(0, 19999) as n cross join lateral (select pg_temp.at(n / 20000.0) as at) as t;

-- Every fifth alert opens a case. Of twenty: one is merged, one a false alarm, one not filed, two are open and four closed
-- twice; the others are closed.
create temporary table life as
select n, pg_temp.id('alert', n) as case_id, pg_temp.at(n / 600000.0) as seen_at, 'U' || n / 5 % 40 as unit_code,
       n % 100 = 7 as is_test,
       (array['MERGED', 'FALSE_ALARM', 'NOT_FILED', 'DISPATCHED', 'PENDING_CHECK'])[1 + n / 5 % 20] as other_state,
       n / 5 % 20 between 16 and 19 as is_again
from generate_series(0, 599999, 5) as n;

insert into follow_up.case_file (case_id, kind, case_kind, state, case_version, is_test, dedup_group, category_scheme,
    category_code, cell, stripe, wgs84_longitude, wgs84_latitude, accuracy_m, unit_code, handler_unit_code, first_seen_at,
    last_seen_at, dispatched_at, answered_at, handled_at, handled_by, checked_at, reopened_at, closed_at, due_at, standing,
    was_sent, merged_into, repeat_of, opened_seq, opened_ordinal, reworked)
select case_id, 'drone_alert', 'DRONE_ALERT', coalesce(other_state, 'CLOSED'), 5, is_test, 'CLASS_' || n % 5, 'local-2026',
       'LIVING/CLASS_' || n % 5, n / 100, 1, 114.3, 36.1, 10, unit_code, unit_code, seen_at, seen_at + interval '4 days',
       seen_at + interval '1 hour', case when other_state is null then seen_at + n % 90 * interval '1 hour' end,
       case when other_state is null or other_state = 'PENDING_CHECK' then seen_at + n % 80 * interval '1 hour' end, 'h',
       case when other_state is null then seen_at + interval '4 days' end, case when is_again then seen_at + interval '4 days' end,
       case when other_state is null then seen_at + interval '5 days' end, seen_at + n % 120 * interval '1 hour', 5, true,
       case when other_state = 'MERGED' then pg_temp.id('alert', n + 5) end,
       case when n % 250 = 0 and n >= 2500 then pg_temp.id('alert', n - 2500) end, n, 0, n % 7 / 6
from life;

insert into follow_up.sighting (source_id, topic_offset, link_seq, ordinal, kind, event_id, is_test, message, report_id,
    outcome, basis, flags, case_id, dedup_group, rule_version, unit_code, counted_at, age_us, distance_m, radius_m)
select source_id, topic_offset, topic_offset, 0, 'drone_alert', event_id, is_test, 'report', event_id,
       case when topic_offset % 5 = 0 then 'new' else 'more' end, 'distance', 0,
       pg_temp.id('alert', topic_offset - topic_offset % 5), 'CLASS_' || topic_offset % 5, 1, 'U1', occurred_at, 0, 3, 28
from events.drone_alert;

create temporary table acted as
select row_number() over (order by l.seen_at + s.after, l.n, s.version) - 1 as number, l.*, s.*, l.seen_at + s.after as at
from life l
join (values (2, 'DISPATCH', null, 'REPORTED', 'DISPATCHED', interval '1 hour', false),
             (3, 'RECTIFY', 'DONE', 'IN_PROCESS', 'HANDLED', interval '30 hours', true),
             (4, 'CHECK', 'PASS', 'PENDING_CHECK', 'CHECK_PASSED', interval '31 hours', true),
             (5, 'CLOSE', null, 'CHECK_PASSED', 'CLOSED', interval '32 hours', true),
             (6, 'REOPEN', null, 'CLOSED', 'REOPENED', interval '4 days', false),
             (7, 'CLOSE', null, 'CHECK_PASSED', 'CLOSED', interval '5 days', true))
    as s (version, action, result, from_state, to_state, after, is_human)
    on s.version = 2 or l.other_state is null and (s.version < 6 or l.is_again);

insert into events.case_action (event_id, occurred_at, recorded_at, stored_at, producer_id, is_test, source_id, topic_offset,
    content_hash, action_id, case_id, case_no, case_kind, action_type, action_result, from_status, to_status, case_version,
    actor_unit_code, actor_role, actor_ref, object_key)
select pg_temp.id('action', number), at, at + interval '10 s', at + interval '20 s', 'app', is_test,
       (select pg_temp.source('case_action')), row_number() over (order by number) - 1, '\x00'::bytea, pg_temp.id('action', number),
       case_id, 'C', 'DRONE_ALERT', action, result, from_state, to_state, version, unit_code, 'HANDLER',
       'p' || (number * 7 + version) % 900, case when number % 50 > 0 then 'photo' end
from acted where is_human;

insert into follow_up.case_step (link_seq, ordinal, named_id, case_id, case_version, actor, action, result, from_state,
    to_state, event_id, source_id, topic_offset, stepped_at, recorded_at)
select 600000 + a.number, 0, a.case_id, a.case_id, a.version, coalesce(e.actor_ref, 'platform'), a.action, a.result,
       a.from_state, a.to_state, e.event_id, e.source_id, e.topic_offset, a.at, a.at
from acted a left join events.case_action e on e.event_id = pg_temp.id('action', a.number) and a.is_human;

insert into bus.batch (source_id, from_offset, next_offset, stored, duplicate, dead_letter, absent, gap, outcomes, hash, prints)
select s.source_id, b.from_offset, b.next_offset, b.next_offset - b.from_offset, 0, 0, 0, 0,
       's' || b.next_offset - b.from_offset, sha256(''), ''
from (select source_id, max(topic_offset) + 1 as count from audit.every_event group by source_id) as s
cross join lateral (select f as from_offset, least(f + 5000, s.count) as next_offset
                    from generate_series(0, s.count - 1, 5000) as f) as b;
insert into bus.progress (source_id, from_offset, next_offset, head, chained_from)
select source_id, 0, max(next_offset), sha256(''), 0 from bus.batch group by source_id;

drop table acted, life;
analyze events.drone_alert, events.patrol_log, events.inspection_finding, events.case_action, events.flight_task,
    follow_up.case_file, follow_up.sighting, follow_up.case_step, bus.batch;
