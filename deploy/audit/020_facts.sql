-- What the questions are asked about, one row for each thing, with its latest revision, without what names or marks a
-- person who is no official: free text, subject_refs and the bytes of messages stay behind.

-- ---- reference data --------------------------------------------------------------------------------

create view audit.units as
    select code as unit_code, name as unit_name
    from (select u.code, u.name, row_number() over (partition by u.code order by u.valid_from desc) as place
          from reference.unit_in_force u
          where now() >= u.valid_from and now() < u.valid_to) as named
    where place = 1;
comment on view audit.units is
    'Facts. The units that there are now. 现有单位。';

create view audit.grids as
    select g.code as grid_code, g.name as grid_name, g.kind as grid_kind,
           c.code as community_code, c.name as community_name,
           s.code as subdistrict_code, s.name as subdistrict_name, g.synthetic as is_synthetic
    from reference.area_in_force g
    left join reference.area_in_force c
        on c.code = g.parent_code and c.level = 'community' and now() >= c.valid_from and now() < c.valid_to
    left join reference.area_in_force s
        on s.code = c.parent_code and s.level = 'subdistrict' and now() >= s.valid_from and now() < s.valid_to
    where g.level = 'grid' and now() >= g.valid_from and now() < g.valid_to;
comment on view audit.grids is
    'Facts. The grids that there are now. 现有网格。';

create view audit.days as
    select d.day::date as day, extract(isodow from d.day)::integer as weekday, c.hours <> '' as is_work_day
    from audit.asked a
    cross join lateral generate_series(a.from_day::timestamp, a.to_day::timestamp, interval '1 day') as d (day)
    left join reference.calendar_in_force c on c.day = d.day::date;
comment on view audit.days is
    'Facts. The days of the period, with what the work calendar says of them. 所查期间的每一天及工作日历的规定。';

-- ---- events ----------------------------------------------------------------------------------------

-- Of every event table that there is, so that another kind needs nothing here.
do $$
declare
    kinds text[] := (select array_agg(c.relname::text order by c.relname)
                     from pg_catalog.pg_class c
                     join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'topic_offset'
                     where c.relnamespace = 'events'::regnamespace and c.relkind = 'r');
begin
    execute 'create view audit.every_event as '
            || (select string_agg(format('select %L::text as kind, event_id, occurred_at, recorded_at, stored_at, '
                                         'producer_id, source_id, topic_offset, is_test from events.%I', kind, kind),
                                  ' union all ')
                from unnest(kinds) as kind);
end
$$;
comment on view audit.every_event is
    'Facts. Every stored event of every kind, each revision for itself, drills included. 所有类别的全部已入库事件（含演练），每次修订单独一行。';

create view audit.stored_events as
    select * from audit.every_event where not is_test or (select include_test from audit.asked);
comment on view audit.stored_events is
    'Facts. Every stored event of every kind, each revision for itself. 所有类别的全部已入库事件，每次修订单独一行。';

create view audit.alerts as
    select event_id, alert_id, message_type, references_alert_id, producer_id, town_code, hangar_id, flight_id, route_id,
           captured_at, occurred_at, recorded_at, stored_at, category_scheme,
           major_class_code || '/' || minor_class_code as category_code, detector_name, detector_version, confidence,
           certainty, severity, wgs84_longitude, wgs84_latitude, located_grid_code, located_community_code,
           located_subdistrict_code, image_object_key, image_sha256, source_id, topic_offset, is_test
    from events.drone_alert
    where not is_test or (select include_test from audit.asked);
comment on view audit.alerts is
    'Facts. The alerts as they came: an update or withdrawal is a row of its own. 无人机报警原样；更新与撤回各为一行。';

create view audit.patrols as
    select p.event_id, p.patrol_id, coalesce(nullif(p.grid_code, ''), p.located_grid_code) as grid_code,
           coalesce(nullif(p.subdistrict_code, ''), p.located_subdistrict_code) as subdistrict_code,
           p.activity_type, p.led_by, p.shift_kind, p.started_at, p.ended_at, p.recorded_at, p.stored_at,
           p.police_count, p.grid_worker_count, p.party_member_count, p.volunteer_count, p.team_lead_ref,
           p.households_visited, p.persons_reached, coalesce(cardinality(p.subject_refs), 0) as subjects,
           coalesce(cardinality(p.attachment_object_keys), 0) as attachments, p.category_scheme,
           p.category as category_code, p.source_id, p.topic_offset, p.is_test
    from events.patrol_log p
    where (not p.is_test or (select include_test from audit.asked))
      and not exists (select
                      from events.patrol_log later
                      where later.patrol_id = p.patrol_id
                        and (later.recorded_at, later.source_id, later.topic_offset)
                            > (p.recorded_at, p.source_id, p.topic_offset));
comment on view audit.patrols is
    'Facts. The activities of patrols, each as its latest revision says. 巡逻等活动，每项以最后一次修订为准。';

create view audit.findings as
    select f.event_id, f.finding_id, f.finding_no, f.round_code, f.team_code, f.inspected_unit_code,
           f.responsible_unit_code as unit_code, f.responsible_leader_ref, f.issue_scheme, f.issue_code, f.severity,
           f.rectification_track, f.found_at, f.fed_back_at, f.plan_due_at,
           coalesce(f.plan_submitted_at, s.plan_at) as plan_submitted_at, f.report_due_at,
           coalesce(f.report_submitted_at, s.report_at) as report_submitted_at, f.repeat_of_finding_id,
           f.next_follow_up_at, s.follow_up_at as last_follow_up_at, s.passed_at as review_passed_at,
           c.case_id, c.state, f.recorded_at, f.stored_at, f.source_id, f.topic_offset, f.is_test
    from events.inspection_finding f
    left join follow_up.case_file c
        on c.case_id = coalesce((select o.case_id
                                 from follow_up.sighting o
                                 where o.report_id = f.finding_id and o.case_id is not null
                                 order by o.link_seq, o.ordinal
                                 limit 1), f.finding_id)
    left join lateral (
        select min(t.stepped_at) filter (where t.action = 'SUBMIT_PLAN') as plan_at,
               min(t.stepped_at) filter (where t.action = 'SUBMIT_REPORT') as report_at,
               max(t.stepped_at) filter (where t.action = 'FOLLOW_UP') as follow_up_at,
               max(t.stepped_at) filter (where t.action in ('REVIEW', 'FOLLOW_UP') and t.result = 'PASS'
                                           and t.to_state in ('REVIEW_PASSED', 'FOLLOW_UP')) as passed_at
        from follow_up.case_step t
        where t.case_id = c.case_id and t.outcome = 'applied') as s on true
    where (not f.is_test or (select include_test from audit.asked))
      and not exists (select
                      from events.inspection_finding later
                      where later.finding_id = f.finding_id
                        and (later.recorded_at, later.source_id, later.topic_offset)
                            > (f.recorded_at, f.source_id, f.topic_offset));
comment on view audit.findings is
    'Facts. What the inspection teams found, as the latest revision says, with what was done since. 巡察发现的问题，以最后一次修订为准，附后续办理情况。';

-- ---- cases -----------------------------------------------------------------------------------------

create view audit.cases as
    select c.case_id, c.case_no, c.kind, c.case_kind, c.state,
           case when c.state = 'DECLINED' then 'dismissed' else c.life end as life,
           c.life = 'open' and c.state <> 'DECLINED' as is_open,
           coalesce(c.handler_unit_code, c.unit_code) as unit_code, c.dedup_group, c.category_scheme, c.category_code,
           c.wgs84_longitude, c.wgs84_latitude, c.first_seen_at, c.last_seen_at, c.dispatched_at, c.answered_at,
           h.handled_at, c.checked_at,
           (select min(s.stepped_at)
            from follow_up.case_step s
            where s.case_id = c.case_id and s.outcome = 'applied' and s.to_state in ('CLOSED', 'FORCED_CLOSED')
              and s.from_state <> s.to_state) as first_closed_at,
           case when c.life <> 'open' then c.closed_at end as closed_at, c.reopened_at, c.due_at, c.suspended_at,
           case when c.state not in ('SUSPENDED', 'DECLINED') and c.life in ('open', 'closed')
                then nullif(greatest(coalesce(h.handled_at, case when c.life = 'closed' then c.closed_at else now() end)
                                     - c.due_at, interval '0'), interval '0') end as handling_late,
           case when c.state not in ('SUSPENDED', 'DECLINED') and c.life in ('open', 'closed')
                then nullif(greatest(case when c.life = 'closed' then c.closed_at else now() end
                                     - c.due_at, interval '0'), interval '0') end as closing_late,
           exists (select
                   from follow_up.case_step s
                   where s.case_id = c.case_id and s.outcome = 'applied' and s.action = 'APPEAL'
                     and s.result = 'APPROVED') as is_appealed,
           c.reworked as rework_count, c.returned as return_count, c.extended as extension_count,
           c.suspended as suspension_count, c.standing as sighting_count, c.repeat_of as repeat_of_case_id,
           c.may_repeat as may_repeat_case_id, c.merged_into as merged_into_case_id, c.is_test
    from follow_up.case_file c
    -- What was handled in an earlier life, or failed its check, is not handled.
    cross join lateral (
        select case when c.life = 'closed'
                         or c.state in ('HANDLED', 'PENDING_CHECK', 'CHECK_PASSED', 'REPORT_SUBMITTED', 'REVIEW_PASSED',
                                        'FOLLOW_UP', 'FED_BACK') and c.handled_at >= coalesce(c.reopened_at, '-infinity')
                    then c.handled_at end as handled_at) as h
    where not c.is_test or (select include_test from audit.asked);
comment on view audit.cases is
    'Facts. Every case as it stands now; those that were merged into another are MERGED. 全部案件的现状；已并案者状态为 MERGED。';

create view audit.steps as
    select s.case_id, s.named_id, s.case_version, s.outcome, s.reason, s.action, s.result, s.from_state, s.to_state,
           s.actor as actor_ref, case when s.event_id is null or s.actor = 'platform' then 'platform'
                                      else a.actor_unit_code end as actor_unit_code,
           a.actor_role, a.target_unit_code, a.reason_code, a.approved_by_ref,
           greatest(coalesce(json_array_length(a.photos), 0), (a.object_key is not null)::integer) as photos,
           s.stepped_at, s.recorded_at, s.event_id, s.link_seq, s.ordinal, s.place,
           coalesce(a.is_test, c.is_test, false) as is_test
    from follow_up.case_step s
    left join events.case_action a on a.event_id = s.event_id
    left join follow_up.case_file c on c.case_id = s.case_id
    where not coalesce(a.is_test, c.is_test, false) or (select include_test from audit.asked);
comment on view audit.steps is
    'Facts. What became of every action, and what the platform did by itself. 每个办理动作的处理结果及平台自行采取的步骤。';

create view audit.closings as
    select s.case_id, s.case_version, s.stepped_at as closed_at, s.to_state as state, s.actor as actor_ref, c.is_test
    from follow_up.case_step s
    join follow_up.case_file c on c.case_id = s.case_id
    where s.outcome = 'applied' and s.to_state in ('CLOSED', 'FORCED_CLOSED') and s.from_state <> s.to_state
      and (not c.is_test or (select include_test from audit.asked));
comment on view audit.closings is
    'Facts. Every time a case was closed, also of those that were opened again. 每一次结案，包括后来重开的案件。';

create view audit.every_sighting as
    select s.kind, s.event_id, s.report_id, s.message, s.outcome, s.basis, follow_up.flag_names(s.flags) as flags,
           s.case_id, s.related_case_id, s.dedup_group, s.rule_version, s.category_version, s.unit_code,
           s.counted_at as seen_at, s.age_us, s.distance_m, s.radius_m, s.accuracy_m, s.source_id, s.topic_offset,
           s.link_seq, s.ordinal, s.is_test
    from follow_up.sighting s;
comment on view audit.every_sighting is
    'Facts. What became of each report, drills included. 每条报告（含演练）的归属及依据。';

create view audit.sightings as
    select * from audit.every_sighting where not is_test or (select include_test from audit.asked);
comment on view audit.sightings is
    'Facts. What became of each report: which case it belongs to, by which rule, at what distance. 每条报告的归属、依据的规则与距离。';

create view audit.recurrences as
    select x.case_id, x.case_version, x.closed_at, s.seen_at, s.kind, s.outcome, s.distance_m, s.case_id as now_case_id,
           s.event_id, s.is_test
    from (select o.case_id, o.case_version, o.closed_at, o.case_id as seen_case_id from audit.closings o
          union all
          select o.case_id, o.case_version, o.closed_at, r.case_id
          from audit.closings o join audit.cases r on r.repeat_of_case_id = o.case_id
          union all
          select o.case_id, o.case_version, o.closed_at, r.case_id
          from audit.closings o join audit.cases r on r.may_repeat_case_id = o.case_id) as x
    join audit.sightings s on s.case_id = x.seen_case_id and s.seen_at > x.closed_at
    where s.message = 'report';
comment on view audit.recurrences is
    'Facts. What was seen after a closing, in the case itself or in one that repeats it or may: a row for each closing before it. 结案之后在本案或（疑似）重复案件中的再次发现，其前每次结案各一行。';
