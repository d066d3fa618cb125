-- What an action may name beside a case: a report that was linked to another one.

create view follow_up.named_report as
    select a.event_id as named_id, a.source_id, a.topic_offset
    from events.drone_alert a
    union all
    select f.event_id, f.source_id, f.topic_offset
    from events.inspection_finding f
    union all
    select f.finding_id, f.source_id, f.topic_offset
    from events.inspection_finding f
    union all
    select p.event_id, p.source_id, p.topic_offset
    from events.patrol_log p
    where p.category is not null
    union all
    select p.raised_case_ids[1], p.source_id, p.topic_offset
    from events.patrol_log p
    where p.category is not null;
comment on view follow_up.named_report is
    'Ids under which a report is known to those who made it: that of the event, and that of the case it would have opened. With source_id and topic_offset its sighting. 报告者所知的报告编号：事件编号及本应立案的编号；以 source_id 与 topic_offset 对应其发现。';
comment on column follow_up.named_report.named_id is
    'The id. 编号。';
comment on column follow_up.named_report.source_id is
    'Source of the report, as in bus.source. 报告来源，见 bus.source。';
comment on column follow_up.named_report.topic_offset is
    'Its offset there. 在来源中的偏移量。';

grant select on follow_up.named_report to gridloop_ingest;
