-- Which reports an id names, one id at a time: the view before it read all patrols for each id, because a member of a
-- union with a condition of its own takes none from outside. As a function of one statement it is expanded where it is
-- called, and every member looks into its index.

create function follow_up.reports_named(uuid) returns table (source_id integer, topic_offset bigint)
language sql stable as $$
    select a.source_id, a.topic_offset
    from events.drone_alert a
    where a.event_id = $1
    union all
    select f.source_id, f.topic_offset
    from events.inspection_finding f
    where f.event_id = $1
    union all
    select f.source_id, f.topic_offset
    from events.inspection_finding f
    where f.finding_id = $1
    union all
    select p.source_id, p.topic_offset
    from events.patrol_log p
    where p.event_id = $1 and p.category is not null
    union all
    select p.source_id, p.topic_offset
    from events.patrol_log p
    where p.raised_case_ids[1] = $1 and p.category is not null
$$;
comment on function follow_up.reports_named(uuid) is
    'The reports that are known by this id to those who made them: that of the event, or that of the case it would have opened. With source_id and topic_offset their sightings. 报告者以该编号所知的报告：事件编号或本应立案的编号；以 source_id 与 topic_offset 对应其发现。';
revoke all on function follow_up.reports_named(uuid) from public;
grant execute on function follow_up.reports_named(uuid) to gridloop_ingest;

drop view follow_up.named_report;
