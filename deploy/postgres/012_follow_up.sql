-- What the platform follows up: cases, what was seen of each, and the steps that the platform took by itself.
--
-- Whoever writes here holds the stripes (advisory locks, consumers/runtime/link.h) of what it writes, so that no two
-- transactions change one case, or open two for one thing.

create schema follow_up;
comment on schema follow_up is
    'Cases, the sightings that belong to them, and their steps. 案件、归入案件的发现及案件的各步骤。';
revoke all on schema follow_up from public;

create sequence follow_up.link_seq as bigint;
comment on sequence follow_up.link_seq is
    'One number for each transaction that links, drawn after its last lock: transactions that could see the same '
    'cases are in this order. 每个关联事务取一个号，在取得最后一个锁之后抽取；可能涉及同一案件的事务以此为序。';

-- ---- case_file --------------------------------------------------------------------------------------

create table follow_up.case_file (
    case_id         uuid primary key,
    kind            text not null,
    state           text not null,
    life            text not null generated always as (
                        case when state in ('CLOSED', 'FORCED_CLOSED') then 'closed'
                             when state in ('FALSE_ALARM', 'NOT_FILED') then 'dismissed'
                             when state = 'CANCELLED' then 'cancelled'
                             when state = 'MERGED' then 'merged'
                             else 'open' end) stored,
    case_version    integer not null default 1 check (case_version > 0),
    is_test         boolean not null,
    dedup_group     text not null,
    category_scheme text not null,
    category_code   text not null,
    cell            bigint not null,
    stripe          smallint not null,
    wgs84_longitude double precision,
    wgs84_latitude  double precision,
    accuracy_m      double precision,
    place_key       uuid,
    round_code      text,
    unit_code       text,
    first_seen_at   timestamptz not null,
    last_seen_at    timestamptz not null,
    reopened_at     timestamptz,
    handled_at      timestamptz,
    closed_at       timestamptz,
    standing        bigint not null,
    muted           bigint not null default 0,
    mute_lifted     boolean not null default false,
    was_sent        boolean not null,
    repeat_of       uuid,
    may_repeat      uuid,
    merged_into     uuid,
    opened_seq      bigint not null,
    opened_ordinal  integer not null,
    opened_at       timestamptz not null default now(),
    constraint merged_has_head check ((state = 'MERGED') = (merged_into is not null)),
    constraint point_is_whole check ((wgs84_longitude is null) = (wgs84_latitude is null)
                                     and (wgs84_longitude is null) = (accuracy_m is null))
) with (fillfactor = 80);
-- For what may be the same thing: every case of the group in the cells near by.
create index case_file_by_place on follow_up.case_file (dedup_group, cell);

comment on table follow_up.case_file is
    'One thing that has to be put right, however many eyes saw it: how it stands now. 一件需要处置的事，不论被发现多少次；本表为其现状。';
comment on column follow_up.case_file.case_id is
    'The id that its first report names; one that was taken already is replaced by a derived one. 首条报告所带的编号；已被占用时另行派生。';
comment on column follow_up.case_file.kind is
    'Kind of event that opened it: drone_alert, patrol_log, inspection_finding. 立案来源的事件类别。';
comment on column follow_up.case_file.state is
    'State, by the words of the contract: REPORTED, DISPATCHED, CLOSED ... 状态，用语同契约。';
comment on column follow_up.case_file.life is
    'What the state means to linking: open, closed, dismissed (nothing was there), cancelled, merged. 状态对关联的含义：open 未结、closed 已结、dismissed 不属实、cancelled 已撤销、merged 已并案。';
comment on column follow_up.case_file.case_version is
    'Rises by one with each step; sightings do not raise it. A new case is 1. 每一步加一；发现不改变版本；新案件为 1。';
comment on column follow_up.case_file.is_test is
    'True: of a drill or test; linked only with such. 真表示演练或测试，只与同类关联。';
comment on column follow_up.case_file.dedup_group is
    'Group within which it is linked. 在其内关联的分组。';
comment on column follow_up.case_file.category_scheme is
    'Classification that its first report used. 首条报告所用的分类表。';
comment on column follow_up.case_file.category_code is
    'Category in its first report; of two levels joined by a slash. 首条报告的类别代码；两级代码以斜杠相连。';
comment on column follow_up.case_file.cell is
    'The square of 640 m that it is looked for in; below 0 for places without geometry, 0 where there is none. Never changes. 查找所用的 640 米方格；无几何位置者小于 0，无位置者为 0；从不改变。';
comment on column follow_up.case_file.stripe is
    'Number of the lock that guards group and cell. 保护该分组与方格的锁号。';
comment on column follow_up.case_file.wgs84_longitude is
    'Longitude of the first sighting; null: without a point. 首次发现的经度；空表示无坐标。';
comment on column follow_up.case_file.wgs84_latitude is
    'Latitude of the first sighting. 首次发现的纬度。';
comment on column follow_up.case_file.accuracy_m is
    'Accuracy of the first sighting, one standard deviation in metres. 首次发现的位置精度（标准差，米）。';
comment on column follow_up.case_file.place_key is
    'What stands for the place in groups without geometry: derived from unit and issue. 不按位置关联的分组中代表地点的键，由单位与问题派生。';
comment on column follow_up.case_file.round_code is
    'Round of inspection within which such a place is one thing. 该键有效的巡察轮次。';
comment on column follow_up.case_file.unit_code is
    'Responsible unit, as known at the first sighting; null: not known. 首次发现时的责任单位；空表示未知。';
comment on column follow_up.case_file.first_seen_at is
    'When it was first seen: time of the sighting that opened it. 首次发现时间，即立案发现的时间。';
comment on column follow_up.case_file.last_seen_at is
    'Latest time at which it was seen. 最近一次发现时间。';
comment on column follow_up.case_file.reopened_at is
    'Time of the sighting that reopened it last; null: never. 最近一次使其重开的发现时间；空表示从未重开。';
comment on column follow_up.case_file.handled_at is
    'When it was last reported as put right; null: never. 最近一次上报处置完毕的时间；空表示从未。';
comment on column follow_up.case_file.closed_at is
    'When it was last closed, or found to be nothing; null: never. 最近一次结案或判为不属实的时间；空表示从未。';
comment on column follow_up.case_file.standing is
    'Sightings that were not withdrawn. 未撤回的发现数。';
comment on column follow_up.case_file.muted is
    'Sightings that were kept quiet since it was found to be nothing. 判为不属实之后被静默的发现数。';
comment on column follow_up.case_file.mute_lifted is
    'True: a person asked that the next sighting is a case again. 真表示有人要求再次发现时重新立案。';
comment on column follow_up.case_file.was_sent is
    'True: an order to the ground was decided on. 真表示已决定派单。';
comment on column follow_up.case_file.repeat_of is
    'The case that this one repeats. 本案所重复的案件。';
comment on column follow_up.case_file.may_repeat is
    'The case that this one may belong to: a person decides. 本案可能归属的案件，由人工判断。';
comment on column follow_up.case_file.merged_into is
    'The case that goes on in its place. 并入的案件。';
comment on column follow_up.case_file.opened_seq is
    'link_seq of the transaction that opened it. 立案事务的 link_seq。';
comment on column follow_up.case_file.opened_ordinal is
    'Ordinal of the opening sighting in that transaction. 立案发现在该事务中的序号。';
comment on column follow_up.case_file.opened_at is
    'When the transaction that opened it began, by the database''s clock. 立案事务开始的时间（数据库时钟）。';

-- ---- sighting ---------------------------------------------------------------------------------------

create table follow_up.sighting (
    source_id        integer not null,
    topic_offset     bigint not null,
    link_seq         bigint not null,
    ordinal          integer not null,
    kind             text not null,
    event_id         uuid not null,
    is_test          boolean not null,
    message          text not null check (message in ('report', 'update', 'cancel')),
    report_id        uuid not null,
    outcome          text not null check (outcome in ('new', 'more', 'reopen', 'repeat', 'possible_repeat', 'muted',
                                                      'revision', 'withdrawn', 'waits', 'no_case')),
    basis            text not null check (basis in ('nothing', 'report', 'name', 'distance', 'key')),
    flags            integer not null,
    case_id          uuid,
    related_case_id  uuid,
    dedup_group      text,
    rule_version     integer,
    category_version integer,
    unit_code        text,
    counted_at       timestamptz not null,
    age_us           bigint not null,
    distance_m       double precision,
    radius_m         double precision,
    accuracy_m       double precision,
    primary key (source_id, topic_offset)
);
-- For what is known of a report when another event about it comes.
create index sighting_by_report on follow_up.sighting (report_id);
-- For all that was seen of a case.
create index sighting_by_case on follow_up.sighting (case_id);

comment on table follow_up.sighting is
    'What became of each event that reports something: which case it belongs to, and why. Only ever added to. 每条报告的归属及依据；只追加。';
comment on column follow_up.sighting.source_id is
    'Source of the event, as in bus.source. 事件来源，见 bus.source。';
comment on column follow_up.sighting.topic_offset is
    'Its offset there. 在来源中的偏移量。';
comment on column follow_up.sighting.link_seq is
    'The transaction that decided. Together with ordinal the order in which all can be decided again. 作出判断的事务；与 ordinal 一起即为可重演的顺序。';
comment on column follow_up.sighting.ordinal is
    'Its place in that transaction, from 0. 在该事务中的序号，从 0 起。';
comment on column follow_up.sighting.kind is
    'Kind of event. 事件类别。';
comment on column follow_up.sighting.event_id is
    'The event in events.<kind>. 事件编号。';
comment on column follow_up.sighting.is_test is
    'As in the event. 同事件。';
comment on column follow_up.sighting.message is
    'report, or what revises one: update, cancel. report 报告；update 更新；cancel 撤回。';
comment on column follow_up.sighting.report_id is
    'What it reports or revises: the same for all events about one alert, patrol or finding. 报告标识；关于同一报警、巡逻或问题的所有事件相同。';
comment on column follow_up.sighting.outcome is
    'new: opened a case; more: of an open one; reopen; repeat: opened a case that repeats another; possible_repeat: opened one that a person has to compare; muted: of what was found to be nothing; revision: of an earlier report; withdrawn: took one back; waits: came before what it revises; no_case: no rule for its category. new 立案；more 并入；reopen 重开；repeat 重复另立；possible_repeat 疑似重复待人工；muted 静默；revision 修订；withdrawn 撤回；waits 先于原报告到达；no_case 类别无规则。';
comment on column follow_up.sighting.basis is
    'How the case was found: by report (its id), name (it named the case), distance, key (unit and issue). 案件的查找依据：报告编号、指名、距离、键（单位与问题）。';
comment on column follow_up.sighting.flags is
    'Circumstances, as bits: see follow_up.flag_names(). 附带情况（位），见 follow_up.flag_names()。';
comment on column follow_up.sighting.case_id is
    'The case it belongs to, as it was then; null: none. 当时归入的案件；空表示无。';
comment on column follow_up.sighting.related_case_id is
    'The case that it repeats, or may. 所重复（或可能重复）的案件。';
comment on column follow_up.sighting.dedup_group is
    'The rule that was applied; null: none. 适用的规则；空表示无。';
comment on column follow_up.sighting.rule_version is
    'Version of reference.dedup_rule. 规则版本。';
comment on column follow_up.sighting.category_version is
    'Version of reference.category; null: the category was not in it, and the kind''s own group was taken. 类别版本；空表示无此类别，取该事件类别自己的分组。';
comment on column follow_up.sighting.unit_code is
    'Responsible unit that counted; null: not known. 判断所用的责任单位；空表示未知。';
comment on column follow_up.sighting.counted_at is
    'The time that counted: occurred_at, or recorded_at where that was not plausible. 判断所用的时间：occurred_at，不可信时取 recorded_at。';
comment on column follow_up.sighting.age_us is
    'Microseconds since the moment from which the window was measured; below 0: before it. 距时限起点的微秒数；负值表示在其之前。';
comment on column follow_up.sighting.distance_m is
    'Metres to the case; null: no distance was measured. 与案件的距离（米）；空表示未测量。';
comment on column follow_up.sighting.radius_m is
    'Radius that counted, in metres: the rule''s, widened by what both positions lack in accuracy. 判断所用半径（米）：规则半径按两处位置精度放宽。';
comment on column follow_up.sighting.accuracy_m is
    'Accuracy that counted, in metres; null: without a point. 判断所用的位置精度（米）；空表示无坐标。';

create function follow_up.flag_names(flags integer) returns text[]
    language sql immutable
    set search_path = ''
    return (select coalesce(pg_catalog.array_agg(name order by bit), '{}')
            from (values (1, 'time_implausible'), (2, 'before_first'), (4, 'of_past_life'), (8, 'accuracy_assumed'),
                         (16, 'far'), (32, 'inaccurate'), (64, 'other_unit'), (128, 'id_taken'),
                         (256, 'cancels_case'), (512, 'asks_person'), (1024, 'takes_waiting'), (2048, 'sends'))
                 as f (bit, name)
            where flags & bit <> 0);
comment on function follow_up.flag_names(integer) is
    'Names of the bits of sighting.flags. sighting.flags 各位的名称。';

-- ---- case_step --------------------------------------------------------------------------------------

create table follow_up.case_step (
    link_seq     bigint not null,
    ordinal      integer not null,
    place        smallint not null default 0 check (place >= 0),
    outcome      text not null default 'applied' check (outcome in ('applied', 'answered', 'parked', 'refused')),
    reason       text,
    named_id     uuid not null,
    case_id      uuid,
    case_version integer check (case_version > 0),
    actor        text not null,
    action       text not null,
    result       text,
    from_state   text,
    to_state     text,
    event_id     uuid,
    source_id    integer,
    topic_offset bigint,
    stepped_at   timestamptz not null,
    recorded_at  timestamptz not null default now(),
    primary key (link_seq, ordinal, place),
    constraint applied_is_whole check (outcome <> 'applied' or (case_id is not null and case_version is not null
                                                                and from_state is not null and to_state is not null)),
    constraint cause_is_whole check ((event_id is null) = (source_id is null)
                                     and (event_id is null) = (topic_offset is null))
);
-- Of two steps with one version only one is applied.
create unique index case_step_applied on follow_up.case_step (case_id, case_version) where outcome = 'applied';
-- For all that was done in a case, and for what became of an action.
create index case_step_by_named on follow_up.case_step (named_id);
create index case_step_by_event on follow_up.case_step (event_id);

comment on table follow_up.case_step is
    'What became of each action, and the steps that the platform took by itself. Only ever added to. 每个办理动作的处理结果及平台自行采取的步骤；只追加。';
comment on column follow_up.case_step.link_seq is
    'The transaction. With ordinal and place the order in which all can be replayed. 事务序号；与 ordinal、place 一起即为可重演的顺序。';
comment on column follow_up.case_step.ordinal is
    'Ordinal of the sighting or action that caused it in that transaction. 引起此步的发现或动作在该事务中的序号。';
comment on column follow_up.case_step.place is
    'Its place among the steps of one cause, from 0. 同一起因的各步中的序号，从 0 起。';
comment on column follow_up.case_step.outcome is
    'applied: the case moved; answered: the answer to a report that belongs to another case, which did not move; parked: its case, or the step before it, is not there yet; refused. applied 已生效；answered 对已并入他案的报告的答复，案件不动；parked 案件或前一步尚未到达，暂存；refused 拒绝。';
comment on column follow_up.case_step.reason is
    'Why it was parked or refused, or what was odd about one that was applied; one of a few fixed words. 暂存、拒绝的原因，或已生效步骤的异常之处（固定的少数几个词之一）。';
comment on column follow_up.case_step.named_id is
    'The id that the action named; of steps of the platform the case. 动作所指的编号；平台步骤即案件编号。';
comment on column follow_up.case_step.case_id is
    'The case; null: it was not there. 案件；空表示当时尚无。';
comment on column follow_up.case_step.case_version is
    'Version that the case has after it, or, where it was not applied, should have had. 此步之后的案件版本；未生效者为其所要求的版本。';
comment on column follow_up.case_step.actor is
    'Who did it: the pseudonym of a person; platform, where none did. 操作者代号；非人工者为 platform。';
comment on column follow_up.case_step.action is
    'What was done, by the words of the contract: DISPATCH, REOPEN, CANCEL. 操作，用语同契约。';
comment on column follow_up.case_step.result is
    'How it went, by the words of the contract; null: not said. 结果，用语同契约；空表示未说明。';
comment on column follow_up.case_step.from_state is
    'State before it; null: there was no case. 之前的状态；空表示当时尚无案件。';
comment on column follow_up.case_step.to_state is
    'State after it; null: it was not applied. 之后的状态；空表示未生效。';
comment on column follow_up.case_step.event_id is
    'The event that caused it; null: the clock did. 引起此步的事件；空表示由时钟引起。';
comment on column follow_up.case_step.source_id is
    'Source of that event. 该事件的来源。';
comment on column follow_up.case_step.topic_offset is
    'Its offset there. 其偏移量。';
comment on column follow_up.case_step.stepped_at is
    'When it happened: the time that counted of that event. 发生时间，即该事件判断所用的时间。';
comment on column follow_up.case_step.recorded_at is
    'When its transaction began, by the database''s clock. 事务开始时间（数据库时钟）。';

-- ---- append-only and privileges --------------------------------------------------------------------

create trigger refuse_change before update or delete on follow_up.sighting
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on follow_up.sighting
    for each statement execute function events.refuse_change();
create trigger refuse_change before update or delete on follow_up.case_step
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on follow_up.case_step
    for each statement execute function events.refuse_change();
create trigger refuse_change before delete on follow_up.case_file
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on follow_up.case_file
    for each statement execute function events.refuse_change();

grant usage on schema follow_up to gridloop_ingest;
grant usage on sequence follow_up.link_seq to gridloop_ingest;
grant select, insert, update on follow_up.case_file to gridloop_ingest;
grant select, insert on follow_up.sighting, follow_up.case_step to gridloop_ingest;
