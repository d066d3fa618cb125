-- Where the events of schemas/inspection_finding are stored, one row for each. Only ever added to.
create table events.inspection_finding (
    event_id uuid not null constraint inspection_finding_pkey primary key,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    stored_at timestamptz not null default now(),
    producer_id text not null,
    is_test boolean not null,
    source_id integer not null,
    topic_offset bigint not null,
    content_hash bytea not null,
    finding_id uuid not null,
    finding_no text not null,
    round_code text not null,
    team_code text not null,
    inspected_unit_code text not null,
    responsible_unit_code text not null,
    responsible_leader_ref text not null,
    issue_code text not null,
    issue_scheme text not null,
    issue_summary text not null,
    root_cause text,
    evidence_kind text not null,
    severity text not null,
    rectification_track text not null,
    found_at timestamptz not null,
    fed_back_at timestamptz,
    plan_due_at timestamptz,
    plan_submitted_at timestamptz,
    report_due_at timestamptz,
    report_submitted_at timestamptz,
    measures json,
    metric_before double precision,
    metric_target double precision,
    metric_name text,
    public_satisfaction_before double precision,
    public_satisfaction_after double precision,
    repeat_of_finding_id uuid,
    next_follow_up_at timestamptz,
    disclosure_scope text not null,
    secrecy_flag boolean not null,
    longitude double precision,
    latitude double precision,
    source_crs text,
    wgs84_longitude double precision,
    wgs84_latitude double precision,
    located_grid_code text,
    located_community_code text,
    located_subdistrict_code text,
    located_version integer
);

create trigger refuse_change before update or delete on events.inspection_finding
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on events.inspection_finding
    for each statement execute function events.refuse_change();

grant select, insert on events.inspection_finding to gridloop_ingest;

comment on table events.inspection_finding is
    'A finding of an inspection team against a unit; later records with the same finding_id tell how it was fed back and put right. Clues about persons do not belong here. 巡察组对某单位提出的问题；同一 finding_id 的后续记录反映反馈与整改情况。不得含有涉及个人的线索。';
comment on column events.inspection_finding.event_id is
    'Identity of the event, made once at its source. The same id sent twice is stored once. 事件编号，在源头生成一次；同一编号重复发送只存一次。';
comment on column events.inspection_finding.occurred_at is
    'When it happened or was seen, by the sender''s clock. UTC, microseconds. 发生或被发现的时间，以发送方时钟为准（UTC，微秒）。';
comment on column events.inspection_finding.recorded_at is
    'When the sender wrote it down. Far behind occurred_at it shows a record that was entered later. UTC, microseconds. 发送方记录的时间；明显晚于发生时间即为事后补录（UTC，微秒）。';
comment on column events.inspection_finding.stored_at is
    'When the transaction that stored the row began, by the database''s clock. 入库事务开始的时间，以数据库时钟为准。';
comment on column events.inspection_finding.producer_id is
    'The name that the sending device or app gives itself. A claim, not a proof, until events are signed. 发送设备或应用自报的名称；在事件签名之前只是声明，不是证明。';
comment on column events.inspection_finding.is_test is
    'True for drills and tests (CAP status Exercise and Test). Such events are linked only with each other and stay outside audits unless asked for. 演练或测试为真；此类事件只在彼此之间关联，未经要求不进入审计。';
comment on column events.inspection_finding.source_id is
    'The topic partition that it came from, as in bus.source. 来源主题分区，见 bus.source。';
comment on column events.inspection_finding.topic_offset is
    'Its offset in that partition. 在该分区中的偏移量。';
comment on column events.inspection_finding.content_hash is
    'SHA-256 of the content without recorded_at. It tells the same event sent again from other content under the same id. 内容（不含 recorded_at）的 SHA-256，用于区分重复发送与同号异文。';
comment on column events.inspection_finding.finding_id is
    'Identity of the finding, and of the case that it opens. A later record with the same id revises this one. 问题编号，也是其所立案件的编号；同一编号的后续记录是对本记录的修订。';
comment on column events.inspection_finding.finding_no is
    'Number of the finding as people write it. 问题的文书编号。';
comment on column events.inspection_finding.round_code is
    'The round of inspection. 巡察轮次。';
comment on column events.inspection_finding.team_code is
    'The inspection team. 巡察组代码。';
comment on column events.inspection_finding.inspected_unit_code is
    'The unit in which it was found. 被巡察单位代码。';
comment on column events.inspection_finding.responsible_unit_code is
    'The unit that has to put it right. It may be another one, such as the bureau above a station. 负责整改的单位代码；可能不同于被巡察单位，如派出所的上级分局。';
comment on column events.inspection_finding.responsible_leader_ref is
    'The leader who answers for it, as a token of the role and never a name. 责任领导，以职务代号表示，不用姓名。';
comment on column events.inspection_finding.issue_code is
    'The kind of issue, as a code of issue_scheme. 问题类别代码（按 issue_scheme）。';
comment on column events.inspection_finding.issue_scheme is
    'The code list, with its version, that issue_code is taken from. issue_code 所依据的分类表及版本。';
comment on column events.inspection_finding.issue_summary is
    'What is wrong, in free text. Producers refuse resident ids and mobile numbers in it. 问题概述；含有居民身份证号或手机号的，发送端拒收。';
comment on column events.inspection_finding.root_cause is
    'Why it is so, in free text. Producers refuse resident ids and mobile numbers in it. 问题根源；含有居民身份证号或手机号的，发送端拒收。';
comment on column events.inspection_finding.evidence_kind is
    'How it was found. 发现方式。';
comment on column events.inspection_finding.severity is
    'How grave it is on the local scale, which is no grade of party discipline. 本地口径的严重程度，不是党纪等级。';
comment on column events.inspection_finding.rectification_track is
    'How it is to be put right. IMMEDIATE means before the inspection leaves. 整改方式；IMMEDIATE 为立行立改，须在巡察期间完成。';
comment on column events.inspection_finding.found_at is
    'When the team found it. UTC, microseconds. 发现时间（UTC，微秒）。';
comment on column events.inspection_finding.fed_back_at is
    'When it was told to the leaders who answer for it. From then on next_follow_up_at is needed. UTC, microseconds. 向责任领导反馈的时间；反馈后须填 next_follow_up_at（UTC，微秒）。';
comment on column events.inspection_finding.plan_due_at is
    'By when the unit has to hand in its plan. UTC, microseconds. 整改方案应报时间（UTC，微秒）。';
comment on column events.inspection_finding.plan_submitted_at is
    'When the unit handed in its plan. UTC, microseconds. 整改方案报送时间（UTC，微秒）。';
comment on column events.inspection_finding.report_due_at is
    'By when the unit has to hand in its report. UTC, microseconds. 整改报告应报时间（UTC，微秒）。';
comment on column events.inspection_finding.report_submitted_at is
    'When the unit handed in its report. UTC, microseconds. 整改报告报送时间（UTC，微秒）。';
comment on column events.inspection_finding.measures is
    'The unit''s list of measures: what, who and by when. 整改台账：措施、责任人与时限。';
comment on column events.inspection_finding.metric_before is
    'Value of the metric when it was found, in the unit that metric_name states. 发现时的指标值，单位见 metric_name。';
comment on column events.inspection_finding.metric_target is
    'Value of the metric at which the issue counts as solved, in the unit that metric_name states. 视为解决时应达到的指标值，单位见 metric_name。';
comment on column events.inspection_finding.metric_name is
    'What is measured, with its unit. It makes solved a thing that can be checked. 指标名称及单位，使“解决”可以核验。';
comment on column events.inspection_finding.public_satisfaction_before is
    'How satisfied the public was before, from 0 to 100. 整改前群众满意度，0 至 100。';
comment on column events.inspection_finding.public_satisfaction_after is
    'How satisfied the public was afterwards, from 0 to 100. 整改后群众满意度，0 至 100。';
comment on column events.inspection_finding.repeat_of_finding_id is
    'The earlier finding that this one repeats. 重复出现时，所重复的前次问题编号。';
comment on column events.inspection_finding.next_follow_up_at is
    'When the team will look again. Needed once fed back, also after it is solved. UTC, microseconds. 下次跟踪时间；反馈之后必填，解决之后仍须填（UTC，微秒）。';
comment on column events.inspection_finding.disclosure_scope is
    'How far it may be made known: inside the office, inside the Party, or in public. 公开范围：内部、党内或社会。';
comment on column events.inspection_finding.secrecy_flag is
    'True marks a clue about a person or another secret. It must be false: such records do not enter the bus. 涉密或涉及个人线索的标记；必须为假，此类记录不得进入总线。';
comment on column events.inspection_finding.longitude is
    'Longitude in degrees, as reported, in the system that source_crs names. It stays as it came, so there is no source_longitude: the consumer adds wgs84_longitude. 上报的经度（度），坐标系见 source_crs；原值保留，不另设 source_longitude，由消费端另加 wgs84_longitude。';
comment on column events.inspection_finding.latitude is
    'Latitude in degrees, as reported, in the system that source_crs names. It stays as it came, so there is no source_latitude: the consumer adds wgs84_latitude. 上报的纬度（度），坐标系见 source_crs；原值保留，不另设 source_latitude，由消费端另加 wgs84_latitude。';
comment on column events.inspection_finding.source_crs is
    'Coordinate system of the reported position. GCJ-02 and BD-09 lie hundreds of metres off WGS-84, and a position whose system is UNKNOWN cannot be placed. 上报位置所用的坐标系；GCJ-02、BD-09 与 WGS-84 相差数百米，坐标系为 UNKNOWN 的位置无法落图。';
comment on column events.inspection_finding.wgs84_longitude is
    'Longitude in WGS-84, in degrees, converted from the reported position. Null without one. 由上报位置换算的 WGS-84 经度（度）；无位置则为空。';
comment on column events.inspection_finding.wgs84_latitude is
    'Latitude in WGS-84, in degrees, converted from the reported position. Null without one. 由上报位置换算的 WGS-84 纬度（度）；无位置则为空。';
comment on column events.inspection_finding.located_grid_code is
    'The grid in which the position lies. Null outside every grid. 位置所在网格；在所有网格之外则为空。';
comment on column events.inspection_finding.located_community_code is
    'The community in which the position lies. Null outside every community. 位置所在社区；在所有社区之外则为空。';
comment on column events.inspection_finding.located_subdistrict_code is
    'The sub-district or town in which the position lies. Null outside every one. 位置所在街道（乡镇）；在所有街道之外则为空。';
comment on column events.inspection_finding.located_version is
    'Version of the reference areas in which the position was looked up. 查找位置所用区域参考数据的版本。';
