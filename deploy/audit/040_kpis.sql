-- The figures that units are measured by. Each with what is counted and out of how many; below 30 no percentage.
--
-- "Should be handled" (closed): due in the period, and what was due before and had not been by its start. A unit that
-- never acts so keeps its old cases in the count. Dismissed, cancelled and merged cases are outside.

create view audit.due_cases as
    select c.*, c.handled_at is not null and c.handled_at < a.until_at
                or c.life = 'closed' and c.closed_at < a.until_at as is_handled,
           c.life = 'closed' and c.closed_at < a.until_at as is_closed
    from audit.cases c
    cross join audit.asked a
    where c.life in ('open', 'closed') and c.due_at < a.until_at;
comment on view audit.due_cases is
    'Facts. The cases that were due by the end of the period. 所查期末前到期的案件。';

create view audit.kpi_filing as
    select c.unit_code, count(*) filter (where c.dispatched_at is not null or f.filed) as filed, count(*) as reported,
           audit.share(count(*) filter (where c.dispatched_at is not null or f.filed), count(*)) as filing_share
    from audit.cases c
    cross join audit.asked a
    cross join lateral (
        select exists (select from follow_up.case_step s
                       where s.case_id = c.case_id and s.outcome = 'applied' and s.to_state in ('FILED', 'FED_BACK'))
                   as filed) as f
    where c.state <> 'MERGED' and c.first_seen_at >= a.from_at and c.first_seen_at < a.until_at
    group by c.unit_code
    order by c.unit_code;
comment on view audit.kpi_filing is
    'KPI 1. Filing rate: filed / reported in the period, by unit. 立案率：立案数/上报数。';

create view audit.kpi_false_alarms as
    select detector_name, detector_version, sum(false_alarms)::bigint as false_alarms, sum(verified)::bigint as verified,
           sum(not_filed)::bigint as not_filed,
           audit.share(sum(false_alarms)::bigint, sum(verified)::bigint) as false_alarm_share
    from audit.false_alarms
    group by detector_name, detector_version
    order by detector_name, detector_version;
comment on view audit.kpi_false_alarms is
    'KPI 2. False alarm rate: false alarms / verified on the ground, by version of the detector; not filed apart. 误报率：误报数/现场核实数，不予立案另计。';

create view audit.kpi_dispatch as
    select c.unit_code, count(*) filter (where c.return_count = 0) as never_returned, count(*) as dispatched,
           audit.share(count(*) filter (where c.return_count = 0), count(*)) as dispatch_share
    from audit.cases c
    cross join audit.asked a
    where c.state <> 'MERGED' and c.dispatched_at >= a.from_at and c.dispatched_at < a.until_at
    group by c.unit_code
    order by c.unit_code;
comment on view audit.kpi_dispatch is
    'KPI 3. Dispatch accuracy: never given back / dispatched in the period, by unit. 派遣准确率：未被退回数/派遣数。';

create view audit.kpi_handling as
    select c.unit_code, count(*) filter (where c.is_handled) as handled,
           count(*) filter (where c.is_handled and c.handling_late is null) as handled_in_time,
           count(*) as should_handle, audit.share(count(*) filter (where c.is_handled), count(*)) as handling_share,
           audit.share(count(*) filter (where c.is_handled and c.handling_late is null), count(*)) as in_time_share
    from audit.due_cases c
    cross join audit.asked a
    where c.due_at >= a.from_at or not c.is_handled or coalesce(c.handled_at, c.closed_at) >= a.from_at
    group by c.unit_code
    order by c.unit_code;
comment on view audit.kpi_handling is
    'KPI 4. Handled, and handled in time / should be handled, by unit. 处置率、按期处置率：已处置数、按期处置数/应处置数。';

create view audit.kpi_closure as
    select c.unit_code, count(*) filter (where c.is_closed) as closed,
           count(*) filter (where c.is_closed and c.closing_late is null) as closed_in_time, count(*) as should_close,
           count(*) filter (where c.state = 'SUSPENDED') as suspended,
           count(*) filter (where c.is_closed and c.first_closed_at < c.closed_at) as closed_again,
           audit.share(count(*) filter (where c.is_closed), count(*)) as closure_share,
           audit.share(count(*) filter (where c.is_closed and c.closing_late is null),
                       count(*) filter (where c.state <> 'SUSPENDED')) as in_time_share
    from audit.due_cases c
    cross join audit.asked a
    where c.due_at >= a.from_at or not c.is_closed or c.closed_at >= a.from_at
    group by c.unit_code
    order by c.unit_code;
comment on view audit.kpi_closure is
    'KPI 5. Closed / should be closed, and closed in time / (should be closed - suspended), by unit; those among the closed that had been closed before are shown. 结案率：结案数/应结案数；按期结案率：按期结案数/（应结案数－缓办数）。';

create view audit.kpi_rework as
    select c.unit_code, count(*) filter (where c.rework_count > 0) as reworked, count(*) as handled,
           audit.share(count(*) filter (where c.rework_count > 0), count(*)) as rework_share
    from audit.cases c
    cross join audit.asked a
    where c.life in ('open', 'closed')
      and (c.handled_at >= a.from_at and c.handled_at < a.until_at
           or c.rework_count > 0 and c.handled_at is null and c.is_open)
    group by c.unit_code
    order by c.unit_code;
comment on view audit.kpi_rework is
    'KPI 6. Rework rate: cases that failed a check / handled in the period, by unit; one that is being reworked now counts in both. 返工率：返工案件数/处置数。';

create view audit.kpi_first_check as
    select c.unit_code, count(*) filter (where k.result = 'PASS') as passed, count(*) as first_checks,
           audit.share(count(*) filter (where k.result = 'PASS'), count(*)) as passed_share
    from audit.steps k
    join audit.cases c on c.case_id = k.case_id
    cross join audit.asked a
    where k.action = 'CHECK' and k.outcome = 'applied' and k.result in ('PASS', 'FAIL') and c.state <> 'MERGED'
      and k.stepped_at >= a.from_at and k.stepped_at < a.until_at
      and not exists (select
                      from follow_up.case_step e
                      where e.case_id = k.case_id and e.outcome = 'applied' and e.action = 'CHECK'
                        and e.result in ('PASS', 'FAIL') and e.case_version < k.case_version)
    group by c.unit_code
    order by c.unit_code;
comment on view audit.kpi_first_check is
    'KPI 7. First checks that passed / first checks, by unit; a check that could not be made is none. 一次核查通过率：首次核查通过数/首次核查数。';

create view audit.kpi_repeats as
    select c.dedup_group, count(*) filter (where r.again_at <= x.closed_at + w.length) as seen_again, count(*) as closed,
           audit.share(count(*) filter (where r.again_at <= x.closed_at + w.length), count(*)) as repeat_share
    from (select o.case_id, min(o.case_version) as case_version, min(o.closed_at) as closed_at
          from audit.closings o cross join audit.asked a
          where o.closed_at >= a.from_at and o.closed_at < a.until_at
          group by o.case_id) as x
    join audit.cases c on c.case_id = x.case_id
    left join lateral (
        select make_interval(secs => g.reopen_window_s) as length
        from reference.dedup_rule_in_force g
        where g.dedup_group = c.dedup_group and x.closed_at >= g.valid_from and x.closed_at < g.valid_to
        limit 1) as w on true
    left join (select case_id, case_version, min(seen_at) as again_at from audit.recurrences group by case_id, case_version) as r
        on r.case_id = x.case_id and r.case_version = x.case_version
    where c.state <> 'MERGED'
    group by c.dedup_group
    order by c.dedup_group;
comment on view audit.kpi_repeats is
    'KPI 8. Repeat rate: cases seen again inside the reopen window of their group / cases closed in the period, by their first closing in it. 重复发生率：结案后重开时限内再次发现的案件数/结案数。';

create view audit.kpi_handling_time as
    select c.unit_code, count(*) filter (where c.is_open and c.handled_at is null and c.handling_late is not null)
               as overdue_not_handled,
           count(t.taken) as handled, audit.hours(avg(t.taken)) as mean_hours,
           audit.hours(percentile_cont(0.5) within group (order by t.taken)) as median_hours,
           audit.hours(percentile_cont(0.9) within group (order by t.taken)) as p90_hours
    from audit.cases c
    cross join audit.asked a
    cross join lateral (select case when c.handled_at >= a.from_at and c.handled_at < a.until_at
                                    then c.handled_at - c.dispatched_at end as taken) as t
    where c.life in ('open', 'closed')
    group by c.unit_code
    order by c.unit_code;
comment on view audit.kpi_handling_time is
    'KPI 9. Overdue and not handled now, and the time from the last dispatch to handling for what was handled in the period, by unit. 超期未处置数，处置时长的平均数与中位数。';

create view audit.kpi_feedback_time as
    select o.hangar_id, c.category_code, count(*) as cases, count(c.answered_at) as answered,
           audit.hours(percentile_cont(0.5) within group (order by c.answered_at - c.first_seen_at)) as median_hours,
           audit.hours(percentile_cont(0.9) within group (order by c.answered_at - c.first_seen_at)) as p90_hours
    from audit.cases c
    cross join audit.asked a
    left join lateral (
        select e.hangar_id
        from audit.sightings s
        join audit.alerts e on e.event_id = s.event_id
        where s.case_id = c.case_id and s.outcome in ('new', 'repeat', 'possible_repeat')
        limit 1) as o on true
    where c.kind = 'drone_alert' and c.state not in ('MERGED', 'CANCELLED', 'NOT_FILED')
      and c.first_seen_at >= a.from_at and c.first_seen_at < a.until_at
    group by o.hangar_id, c.category_code
    order by o.hangar_id, c.category_code;
comment on view audit.kpi_feedback_time is
    'KPI 10. Time from sighting to answer for cases first seen in the period, by hangar and class. 发现到反馈时长的中位数与90分位数。';

create view audit.kpi_answered as
    select c.unit_code, count(c.answered_at) as answered, count(c.checked_at) as put_right, count(*) as cases,
           audit.share(count(c.answered_at), count(*)) as answered_share,
           audit.share(count(c.checked_at), count(*)) as put_right_share
    from audit.cases c
    cross join audit.asked a
    where c.life in ('open', 'closed') and c.first_seen_at >= a.from_at and c.first_seen_at < a.until_at
    group by c.unit_code
    order by c.unit_code;
comment on view audit.kpi_answered is
    'KPI 11. Answered, and confirmed as put right / valid cases first seen in the period, side by side, by unit. 有回音率、有落实率：有反馈数、核查确认数/有效案件数。';

create view audit.kpi_rectification as
    select f.unit_code,
           count(*) filter (where r.report_due and f.review_passed_at < a.until_at) as review_passed,
           count(*) filter (where r.report_due) as findings_due,
           count(*) filter (where r.plan_due and f.plan_submitted_at <= f.plan_due_at) as plans_in_time,
           count(*) filter (where r.plan_due) as plans_due,
           audit.share(count(*) filter (where r.report_due and f.review_passed_at < a.until_at),
                       count(*) filter (where r.report_due)) as review_passed_share,
           audit.share(count(*) filter (where r.plan_due and f.plan_submitted_at <= f.plan_due_at),
                       count(*) filter (where r.plan_due)) as plans_in_time_share
    from audit.findings f
    cross join audit.asked a
    cross join lateral (
        select f.report_due_at < a.until_at
               and (f.report_due_at >= a.from_at or coalesce(f.review_passed_at, 'infinity') >= a.from_at) as report_due,
               f.plan_due_at < a.until_at
               and (f.plan_due_at >= a.from_at or coalesce(f.plan_submitted_at, 'infinity') >= a.from_at) as plan_due) as r
    where (r.report_due or r.plan_due) and f.state is distinct from 'CANCELLED'
    group by f.unit_code
    order by f.unit_code;
comment on view audit.kpi_rectification is
    'KPI 12. Review passed / findings due, and plan in time / plans due, by unit: due in the period, and older ones that had not come to it by its start. 整改完成率、方案按时率。';

create view audit.kpi_repeated_findings as
    select f.inspected_unit_code as unit_code, count(f.repeat_of_finding_id) as repeats, count(*) as findings,
           audit.share(count(f.repeat_of_finding_id), count(*)) as repeat_share
    from audit.findings f
    cross join audit.asked a
    where f.found_at >= a.from_at and f.found_at < a.until_at
    group by f.inspected_unit_code
    order by f.inspected_unit_code;
comment on view audit.kpi_repeated_findings is
    'KPI 13. Findings that name an earlier one they repeat / findings in the period, by unit. 屡查屡犯率：重复问题数/问题数。';

create view audit.kpi_grid_coverage as
    select subdistrict_code, case when grouping(grid_kind) = 1 then 'all' else grid_kind end as grid_kind,
           count(*) filter (where with_police > 0) as covered, count(*) as grids,
           count(*) filter (where not has_patrol_data) as without_data,
           audit.share(count(*) filter (where with_police > 0), count(*)) as coverage_share
    from audit.grid_presence
    group by grouping sets ((subdistrict_code, grid_kind), (subdistrict_code))
    order by subdistrict_code, grid_kind;
comment on view audit.kpi_grid_coverage is
    'KPI 14. Grids where police were in the period / grids, of basic grids, dedicated ones, and all, by sub-district. 网格覆盖率：有民警到场的网格数/网格数（基础网格、专属网格及合计）。';

create view audit.kpi_clean_up as
    select g.subdistrict_code, d.should_days * g.grids - coalesce(m.missing, 0) as done,
           d.should_days * g.grids as should_do,
           audit.share(d.should_days * g.grids - coalesce(m.missing, 0), d.should_days * g.grids) as done_share
    from (select subdistrict_code, count(*) as grids from audit.grids group by subdistrict_code) as g
    cross join (select count(*) as should_days
                from audit.days
                where weekday in (2, 5) and is_work_day is distinct from false
                  and day < (select (now() at time zone time_zone)::date from audit.asked)) as d
    left join (select subdistrict_code, count(*) as missing from audit.missing_clean_ups group by subdistrict_code) as m
        on m.subdistrict_code is not distinct from g.subdistrict_code
    order by g.subdistrict_code;
comment on view audit.kpi_clean_up is
    'KPI 15. Tuesdays and Fridays with a clean-up / (grids × Tuesdays and Fridays that are no days off), by sub-district. 清洁行动完成率：周二、周五清洁记录数/（网格数×周二周五天数）。';

create view audit.kpi_chain as
    select s.topic, coalesce(sum(b.next_offset - b.from_offset) filter (where b.hash is not null), 0)::bigint as chained,
           sum(b.next_offset - b.from_offset)::bigint as offsets,
           audit.share(coalesce(sum(b.next_offset - b.from_offset) filter (where b.hash is not null), 0)::bigint,
                       sum(b.next_offset - b.from_offset)::bigint) as chained_share
    from bus.batch b
    join bus.source s using (source_id)
    group by s.topic
    order by s.topic;
comment on view audit.kpi_chain is
    'KPI 17. Offsets that the chain of hashes covers / offsets read, by topic: has to be all. Whether the hashes are right is proved by gridloopctl verify. 链完整率：已入哈希链的偏移量数/已读取数，须为100%；哈希是否正确由 gridloopctl verify 验证。';
