-- The twenty questions, each a view.

create view audit.overdue_by_unit as
    select c.unit_code, u.unit_name, count(*) as open_cases,
           count(c.handling_late) as handling_overdue, max(audit.days(c.handling_late)) as handling_longest_days,
           count(c.closing_late) as closing_overdue, max(audit.days(c.closing_late)) as closing_longest_days,
           count(*) filter (where c.closing_late is not null and c.is_appealed) as closing_overdue_appealed,
           count(*) filter (where c.state = 'SUSPENDED') as suspended,
           count(*) filter (where c.due_at is null and c.dispatched_at is not null) as without_limit
    from audit.cases c
    left join audit.units u using (unit_code)
    where c.is_open
    group by c.unit_code, u.unit_name
    order by closing_overdue desc, c.unit_code;
comment on view audit.overdue_by_unit is
    'Question 1. How many open cases of each unit are past their stored due_at, and by how long? For the handling unit it ends when it has handled, for the platform when the case is closed; suspended ones are not overdue, and an approved appeal is shown beside, it erases nothing. 各责任单位现在有多少件超期，最长超了几天？';

create view audit.time_to_feedback as
    select c.category_scheme, c.category_code, count(*) as cases, count(c.answered_at) as answered,
           audit.hours(percentile_cont(0.5) within group (order by c.answered_at - c.first_seen_at)) as median_hours,
           audit.hours(percentile_cont(0.9) within group (order by c.answered_at - c.first_seen_at)) as p90_hours
    from audit.cases c
    cross join audit.asked a
    where c.kind = 'drone_alert' and c.state not in ('MERGED', 'CANCELLED', 'NOT_FILED')
      and c.first_seen_at >= a.from_at and c.first_seen_at < a.until_at
    group by c.category_scheme, c.category_code
    order by c.category_scheme, c.category_code;
comment on view audit.time_to_feedback is
    'Question 2. From the sighting by drone to the answer from the ground: how long is the median, how long the 90th percentile? Cases first seen in the period; those without an answer are counted, and have no time. 从空中发现到地面反馈，中位数多长？90%的多长？';

create view audit.unanswered as
    select 'case' as item, c.case_id, c.case_no, c.case_id as report_id, c.kind, c.state, c.unit_code,
           c.first_seen_at as seen_at, audit.days(now() - c.first_seen_at) as age_days
    from audit.cases c
    where c.answered_at is null and c.state not in ('NOT_FILED', 'CANCELLED', 'MERGED')
    union all
    select 'report', c.case_id, c.case_no, s.report_id, s.kind, c.state, c.unit_code, s.seen_at,
           audit.days(now() - s.seen_at)
    from audit.sightings s
    join audit.cases c using (case_id)
    left join events.patrol_log p on p.event_id = s.event_id
    where s.kind <> 'drone_alert' and s.message = 'report' and s.outcome in ('more', 'reopen', 'muted')
      and c.answered_at < s.seen_at
      and not exists (select
                      from follow_up.case_step t
                      where t.named_id in (s.event_id, s.report_id, p.raised_case_ids[1]) and t.outcome = 'answered')
    order by seen_at;
comment on view audit.unanswered is
    'Question 3. Which items have had no answer to this day? Cases, and reports by people that joined a case after it was answered and had no answer of their own. 哪些件到现在没有回音？';

create view audit.closed_without_photo as
    select c.case_id, c.case_no, c.unit_code, u.unit_name, c.category_code, c.closed_at,
           (select count(*) from audit.steps s
            where s.case_id = c.case_id and s.action = 'CHECK' and s.outcome = 'applied') as checks
    from audit.cases c
    left join audit.units u using (unit_code)
    where c.state = 'CLOSED'
      and not exists (select
                      from audit.steps s
                      where s.case_id = c.case_id and s.outcome = 'applied' and s.action = 'CHECK'
                        and s.result = 'PASS' and s.photos > 0
                        and s.stepped_at >= coalesce(c.reopened_at, '-infinity'))
    order by c.closed_at;
comment on view audit.closed_without_photo is
    'Question 4. Which cases are closed without a photo of the check on the spot? Only a check that passed since the case was last opened counts. 哪些件结了案，却没有现场核查照片？';

create view audit.self_checked as
    select k.case_id, c.case_no, c.unit_code, k.actor_ref, k.action, k.outcome, k.reason, k.stepped_at as checked_at,
           max(w.stepped_at) as handled_at
    from audit.steps k
    join audit.steps w
        on w.case_id = k.case_id and w.actor_ref = k.actor_ref and w.action in ('RECTIFY', 'SUBMIT_REPORT')
       and w.outcome = 'applied' and w.stepped_at <= k.stepped_at
    join audit.cases c on c.case_id = k.case_id
    where k.action in ('CHECK', 'REVIEW', 'FOLLOW_UP') and k.outcome in ('applied', 'refused')
      and k.actor_ref <> 'platform'
    group by k.case_id, c.case_no, c.unit_code, k.actor_ref, k.action, k.outcome, k.reason, k.stepped_at
    order by k.stepped_at;
comment on view audit.self_checked is
    'Question 5. Did anybody check what the same person had put right? Also the attempts that were refused. 有没有自己办、自己核查的？';

create view audit.seen_after_closing as
    select r.case_id, c.case_no, c.unit_code, c.category_code, r.closed_at, r.seen_at,
           audit.days(r.seen_at - r.closed_at) as days_after, r.outcome, r.distance_m, r.now_case_id, r.event_id
    from audit.recurrences r
    join audit.cases c on c.case_id = r.case_id
    where r.kind = 'drone_alert' and r.seen_at <= r.closed_at + interval '30 days'
    order by r.seen_at;
comment on view audit.seen_after_closing is
    'Question 6. Which cases were seen again by a drone within 30 days after they were closed? Every closing counts, also the first of a case that was opened again. 结案后30天内又被飞机拍到的有哪些？';

create view audit.repeated_findings as
    select f.inspected_unit_code as unit_code, u.unit_name, f.issue_scheme, f.issue_code,
           count(distinct f.round_code) as rounds, array_agg(distinct f.round_code order by f.round_code) as round_codes,
           count(*) as findings, count(f.repeat_of_finding_id) as named_as_repeat, max(f.found_at) as last_found_at
    from audit.findings f
    left join audit.units u on u.unit_code = f.inspected_unit_code
    group by f.inspected_unit_code, u.unit_name, f.issue_scheme, f.issue_code
    having count(distinct f.round_code) > 1
    order by rounds desc, unit_code, f.issue_code;
comment on view audit.repeated_findings is
    'Question 7. Which units show the same issue in this round of inspection as in an earlier one? 哪些单位同一个问题上轮巡过、这轮又出现？';

create view audit.late_plans as
    select p.paper, f.finding_id, f.finding_no, f.unit_code, u.unit_name, p.due_at, p.submitted_at,
           audit.days(coalesce(p.submitted_at, now()) - p.due_at) as days_late
    from audit.findings f
    left join audit.units u using (unit_code)
    cross join lateral (values ('plan', f.plan_due_at, f.plan_submitted_at),
                               ('report', f.report_due_at, f.report_submitted_at)) as p (paper, due_at, submitted_at)
    where p.due_at < coalesce(p.submitted_at, now()) and f.state is distinct from 'CANCELLED'
    order by days_late desc;
comment on view audit.late_plans is
    'Question 8. Which units did not hand in their plan (their report) in time? 哪些单位没按时报整改方案（报告）？';

create view audit.missed_follow_ups as
    select f.finding_id, f.finding_no, f.unit_code, u.unit_name, f.state, f.review_passed_at, f.next_follow_up_at,
           f.last_follow_up_at, audit.days(now() - f.next_follow_up_at) as days_late
    from audit.findings f
    left join audit.units u using (unit_code)
    where f.next_follow_up_at < now() and f.state is distinct from 'CANCELLED'
      and coalesce(f.last_follow_up_at, '-infinity') < f.next_follow_up_at
    order by days_late desc;
comment on view audit.missed_follow_ups is
    'Question 9. Of what was to be followed up, what was not looked at when its day had come? Also findings whose review has passed. 说“持续跟踪”的，哪些到期没有跟踪？';

create view audit.time_by_step as
    select s.action, s.actor_unit_code as unit_code, u.unit_name, count(*) as steps,
           audit.hours(percentile_cont(0.5) within group (order by s.taken)) as median_hours,
           audit.hours(percentile_cont(0.9) within group (order by s.taken)) as p90_hours,
           audit.hours(max(s.taken)) as longest_hours
    from (select t.action, t.actor_unit_code, t.stepped_at - coalesce(p.stepped_at, c.first_seen_at) as taken
          from audit.steps t
          cross join audit.asked a
          join follow_up.case_file c on c.case_id = t.case_id
          left join follow_up.case_step p
              on p.case_id = t.case_id and p.case_version = t.case_version - 1 and p.outcome = 'applied'
          where t.outcome = 'applied' and c.state <> 'MERGED'
            and t.stepped_at >= a.from_at and t.stepped_at < a.until_at) as s
    left join audit.units u on u.unit_code = s.actor_unit_code
    group by s.action, s.actor_unit_code, u.unit_name
    order by median_hours desc;
comment on view audit.time_by_step is
    'Question 10. At which step, and at which unit, does the time go? From the step before, or from the first sighting. 时间耗在哪一环、哪个单位？';

create view audit.backdated as
    select e.kind, e.event_id, e.producer_id, e.occurred_at, e.recorded_at, e.stored_at,
           case when e.recorded_at - e.occurred_at > interval '24 hours' then 'entered later' else 'in the future' end
               as oddity, audit.hours(e.recorded_at - e.occurred_at) as hours_between
    from audit.stored_events e
    where e.recorded_at - e.occurred_at > interval '24 hours'
       or e.occurred_at > least(e.recorded_at, e.stored_at) + interval '10 minutes'
    order by e.stored_at;
comment on view audit.backdated is
    'Question 11. Was anything entered long afterwards, or with a time that had not come yet? More than 24 hours behind, or more than 10 minutes ahead of the clocks of sender or database. 有没有事后补录、倒签时间的？';

create view audit.alterations as
    with rows_of as (
        select source_id, count(*) as held from audit.every_event group by source_id
    ), letters_of as (
        select source_id, count(*) as held from bus.dead_letter group by source_id
    ), told as (
        select source_id, sum(stored)::bigint as stored, sum(dead_letter)::bigint as dead_letter,
               sum(next_offset - from_offset)::bigint as offsets
        from bus.batch
        group by source_id
    )
    select s.source_id, s.topic, s.partition, f.finding, f.expected, f.found
    from bus.source s
    left join bus.progress p using (source_id)
    left join told t using (source_id)
    left join rows_of r using (source_id)
    left join letters_of l using (source_id)
    cross join lateral (
        values ('offsets accounted for', p.next_offset - p.from_offset, coalesce(t.offsets, 0)),
               ('rows of events', coalesce(t.stored, 0), coalesce(r.held, 0)),
               ('dead letters', coalesce(t.dead_letter, 0), coalesce(l.held, 0))) as f (finding, expected, found)
    where f.expected is distinct from f.found and (p.source_id is not null or t.source_id is not null
                                                   or r.source_id is not null or l.source_id is not null)
    union all
    select b.source_id, s.topic, s.partition, 'hole or overlap between batches', b.after, b.from_offset
    from (select source_id, from_offset,
                 lag(next_offset) over (partition by source_id order by from_offset) as after
          from bus.batch) as b
    join bus.source s using (source_id)
    where b.from_offset <> b.after
    union all
    select null, n.nspname || '.' || c.relname, null, 'trigger ' || t.tgname || ' is off', 1, 0
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and t.tgenabled not in ('O', 'A')
      and n.nspname in ('bus', 'events', 'reference', 'follow_up');
comment on view audit.alterations is
    'Question 12. Was a record changed or deleted? What can be seen without reckoning anew: rows missing or too many, holes in the offsets, triggers switched off. That no byte was changed is proved by gridloopctl verify, which reckons the chain of hashes again. Drills are included. 记录有没有被改过、删过？';

create view audit.missing_clean_ups as
    select d.day, d.weekday, g.grid_code, g.grid_name, g.grid_kind, g.community_code, g.subdistrict_code,
           d.is_work_day is not null as in_calendar, n.grid_code is not null as has_patrol_data
    from audit.days d
    cross join audit.grids g
    left join (select distinct p.grid_code
               from audit.patrols p cross join audit.asked a
               where p.started_at >= a.from_at and p.started_at < a.until_at) as n on n.grid_code = g.grid_code
    left join (select distinct p.grid_code, (p.started_at at time zone a.time_zone)::date as day
               from audit.patrols p cross join audit.asked a
               where p.activity_type = 'CLEAN_UP' and p.started_at >= a.from_at and p.started_at < a.until_at) as c
        on c.grid_code = g.grid_code and c.day = d.day
    where d.weekday in (2, 5) and d.is_work_day is distinct from false and c.day is null
      and d.day < (select (now() at time zone time_zone)::date from audit.asked)
    order by d.day, g.grid_code;
comment on view audit.missing_clean_ups is
    'Question 13. Which grids have no clean-up on record for a Tuesday or Friday? Days off by the work calendar are left out; a day that the calendar does not have, and a grid that has sent nothing at all, are marked. 哪些网格周二、周五没有清洁记录？';

create view audit.missing_meetings as
    select w.week_from, w.week_to, s.subdistrict_code, s.subdistrict_name, w.work_days, w.in_calendar,
           n.subdistrict_code is not null as has_patrol_data
    from (select date_trunc('week', d.day)::date as week_from, date_trunc('week', d.day)::date + 6 as week_to,
                 count(*) filter (where d.is_work_day) as work_days, bool_and(d.is_work_day is not null) as in_calendar
          from audit.days d
          group by 1, 2
          having count(*) = 7) as w
    cross join (select distinct g.subdistrict_code, g.subdistrict_name
                from audit.grids g where g.subdistrict_code is not null) as s
    left join (select distinct p.subdistrict_code
               from audit.patrols p cross join audit.asked a
               where p.started_at >= a.from_at and p.started_at < a.until_at) as n
        on n.subdistrict_code = s.subdistrict_code
    left join (select distinct p.subdistrict_code,
                      date_trunc('week', p.started_at at time zone a.time_zone)::date as week_from
               from audit.patrols p cross join audit.asked a
               where p.activity_type = 'JOINT_MEETING' and p.started_at >= a.from_at and p.started_at < a.until_at) as m
        on m.subdistrict_code = s.subdistrict_code and m.week_from = w.week_from
    where m.week_from is null and (w.work_days > 0 or not w.in_calendar)
      and w.week_to < (select (now() at time zone time_zone)::date from audit.asked)
    order by w.week_from, s.subdistrict_code;
comment on view audit.missing_meetings is
    'Question 14. In which weeks was there no joint meeting of police and grids? Whole weeks of the period, for each sub-district that has grids; a week without a work day is left out. 哪几周没开警网联席会？';

create view audit.grid_presence as
    select g.grid_code, g.grid_name, g.grid_kind, g.community_code, g.subdistrict_code, n.activities,
           n.with_police, n.staggered_evenings, n.last_started_at, n.grid_code is not null as has_patrol_data
    from audit.grids g
    left join (select p.grid_code, count(*) as activities, count(*) filter (where p.police_count > 0) as with_police,
                      count(*) filter (where p.shift_kind = 'STAGGERED_EVENING') as staggered_evenings,
                      max(p.started_at) as last_started_at
               from audit.patrols p cross join audit.asked a
               where p.started_at >= a.from_at and p.started_at < a.until_at
               group by p.grid_code) as n on n.grid_code = g.grid_code
    order by g.grid_code;
comment on view audit.grid_presence is
    'Question 15. How often were police in each grid in the period, how often in shifted evening hours? A grid that has sent nothing shows nothing, not 0: whether nobody came is not known. 20个网格近30天各有几次民警到场、几次晚间错时？';

create view audit.false_alarms as
    select e.hangar_id, e.category_code, e.detector_name, e.detector_version, count(*) as alerts,
           count(*) filter (where c.opened) as cases, count(*) filter (where c.verified) as verified,
           count(*) filter (where c.verified and c.state = 'FALSE_ALARM') as false_alarms,
           count(*) filter (where c.opened and c.state = 'NOT_FILED') as not_filed,
           count(*) filter (where s.outcome = 'muted') as muted,
           audit.share(count(*) filter (where c.verified and c.state = 'FALSE_ALARM'),
                       count(*) filter (where c.verified)) as false_alarm_share
    from audit.alerts e
    cross join audit.asked a
    join audit.sightings s on s.source_id = e.source_id and s.topic_offset = e.topic_offset
    left join lateral (
        select true as opened, o.state,
               exists (select from audit.steps t
                       where t.case_id = o.case_id and t.action = 'VERIFY' and t.outcome = 'applied'
                         and t.result in ('EXISTS', 'NOT_EXISTS')) as verified
        from audit.cases o
        where o.case_id = s.case_id and s.outcome in ('new', 'repeat', 'possible_repeat')
          and o.state <> 'MERGED') as c on true
    where e.message_type = 'ALERT' and e.captured_at >= a.from_at and e.captured_at < a.until_at
    group by e.hangar_id, e.category_code, e.detector_name, e.detector_version
    order by e.hangar_id, e.category_code, e.detector_name, e.detector_version;
comment on view audit.false_alarms is
    'Question 16. What share of alarms is false, by hangar, class and version of the detector? Of the cases that somebody verified on the spot; those screened out without a look (not filed) are counted apart, and so are repeats of a known false alarm (muted). 三个机库、各类识别的误报率是多少？';

create view audit.merged_cases as
    select c.case_id, c.case_no, c.merged_into_case_id, m.stepped_at as merged_at, m.actor_ref, m.reason_code,
           s.dedup_group, s.rule_version, s.distance_m, s.radius_m, s.flags
    from audit.cases c
    left join lateral (
        select t.stepped_at, t.actor_ref, t.reason_code
        from audit.steps t
        where t.case_id = c.case_id and t.outcome = 'applied' and t.to_state = 'MERGED'
        order by t.case_version desc
        limit 1) as m on true
    left join lateral (
        select o.dedup_group, o.rule_version, o.distance_m, o.radius_m, o.flags
        from audit.sightings o
        where o.case_id = c.case_id and o.outcome in ('new', 'repeat', 'possible_repeat')
        order by o.link_seq, o.ordinal
        limit 1) as s on true
    where c.state = 'MERGED'
    order by s.distance_m desc nulls last;
comment on view audit.merged_cases is
    'Question 17. Which cases were merged, by which rule, how many metres apart? The rule and the distance are those found when it was opened; none, if a person alone decided. 哪些被并案？依据哪条规则、相距多少米？';

create view audit.exceptions_granted as
    select c.unit_code, u.unit_name, s.action, s.approved_by_ref, count(distinct s.case_id) as cases, count(*) as steps,
           count(*) filter (where s.approved_by_ref is null) as without_approver,
           count(*) filter (where s.approved_by_ref = s.actor_ref) as approved_by_actor, max(s.stepped_at) as last_at
    from audit.steps s
    join audit.cases c on c.case_id = s.case_id
    left join audit.units u using (unit_code)
    where s.outcome = 'applied' and c.state <> 'MERGED'
      and (s.action in ('EXTEND', 'SUSPEND', 'FORCE_CLOSE') or s.action = 'APPEAL' and s.result = 'APPROVED')
    group by c.unit_code, u.unit_name, s.action, s.approved_by_ref
    order by c.unit_code, s.action, s.approved_by_ref;
comment on view audit.exceptions_granted is
    'Question 18. How many extensions, suspensions, forced closings and granted appeals has each unit, and who approved them? 延期、缓办、强制结案各单位有多少，谁批的？';

create view audit.reads_of_personal_data as
    select d.reader, d.what, count(*) as reads, count(distinct d.key) as keys,
           array_agg(distinct d.approver order by d.approver) as approvers,
           array_agg(distinct d.purpose order by d.purpose) as purposes,
           count(*) filter (where btrim(d.approver) = '' or lower(btrim(d.approver)) = lower(d.reader)) as without_approval,
           min(d.asked_at) as first_at, max(d.asked_at) as last_at
    from bus.disclosure d
    group by d.reader, d.what
    order by reads desc, d.reader, d.what;
comment on view audit.reads_of_personal_data is
    'Question 19. Who looked up data of residents, and how often without approval? Reads through audit.reveal, the only way of an auditor; what the owner of the database or a superuser reads is for the server''s own log. 谁查过居民信息，没有审批的有几次？';
