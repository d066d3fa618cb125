-- The life of a case: how far it is, until when it must be done, and the orders that went out for it.

-- ---- case_file: what its steps have made of it -------------------------------------------------------

alter table follow_up.case_file
    add column case_no text not null generated always as ('C' || upper(right(case_id::text, 12))) stored,
    add column case_kind text not null default 'UNKNOWN',
    add column may_send boolean not null default false,
    add column photo_key text,
    add column handler_unit_code text,
    add column handled_by text,
    add column dispatched_at timestamptz,
    add column answered_at timestamptz,
    add column checked_at timestamptz,
    add column due_at timestamptz,
    add column due_version integer,
    add column suspended_at timestamptz,
    add column suspended_until timestamptz,
    add column state_before text,
    add column reworked integer not null default 0 check (reworked >= 0),
    add column returned integer not null default 0 check (returned >= 0),
    add column extended integer not null default 0 check (extended >= 0),
    add column suspended integer not null default 0 check (suspended >= 0),
    add constraint suspended_is_whole check ((suspended_at is null) = (state_before is null));
-- For the clock: what is due next.
create index case_file_by_due on follow_up.case_file (due_at) where life = 'open' and due_at is not null;

comment on column follow_up.case_file.case_no is
    'Number of the case as people write it: C and the last twelve digits of case_id. 案件文书编号：C 加 case_id 末十二位。';
comment on column follow_up.case_file.case_kind is
    'What it grew out of, by the words of the contract: DRONE_ALERT, PATROL_PROBLEM. It decides which steps are legal. 案件来源类别，用语同契约；决定适用的办理流程。';
comment on column follow_up.case_file.may_send is
    'True: category and certainty of its first report allow the platform to send an order without asking. 真表示首条报告的类别与确定度允许平台直接派单。';
comment on column follow_up.case_file.photo_key is
    'Photo of its first report in the object store; null: none. 首条报告照片在对象存储中的键；空表示没有。';
comment on column follow_up.case_file.handler_unit_code is
    'The unit that has to act, as of the last DISPATCH; null: nobody was asked. 最近一次派遣的承办单位；空表示尚未派遣。';
comment on column follow_up.case_file.handled_by is
    'Who did the step that handled_at is of: somebody else has to check it. 完成处置者代号；须由他人核查。';
comment on column follow_up.case_file.dispatched_at is
    'When it was last dispatched. 最近一次派遣时间。';
comment on column follow_up.case_file.answered_at is
    'When those who asked were first answered; null: not yet (feedback_at in the words of auditors). 首次答复（反馈）时间；空表示尚未答复。';
comment on column follow_up.case_file.checked_at is
    'When somebody else last confirmed that it is put right; null: not confirmed. 最近一次由他人核查确认的时间；空表示未确认。';
comment on column follow_up.case_file.due_at is
    'Until when it has to be handled; null: no limit, or none that can be computed (follow_up.time_limit says why). 处置到期时间；空表示没有时限或无法计算（原因见 follow_up.time_limit）。';
comment on column follow_up.case_file.due_version is
    'Version of the case that set due_at, as in follow_up.time_limit. 设定 due_at 的案件版本，见 follow_up.time_limit。';
comment on column follow_up.case_file.suspended_at is
    'Since when it is suspended; null: it is not. 暂缓起始时间；空表示未暂缓。';
comment on column follow_up.case_file.suspended_until is
    'When the suspension should end. 暂缓应结束的时间。';
comment on column follow_up.case_file.state_before is
    'State to which it comes back after the suspension. 暂缓结束后恢复的状态。';
comment on column follow_up.case_file.reworked is
    'How often a check failed. 返工次数。';
comment on column follow_up.case_file.returned is
    'How often it was sent to a unit that gave it back. 退回次数。';
comment on column follow_up.case_file.extended is
    'How often its limit was extended. 延期次数。';
comment on column follow_up.case_file.suspended is
    'How often it was suspended. 暂缓次数。';

-- ---- time_limit -------------------------------------------------------------------------------------

create table follow_up.time_limit (
    case_id          uuid not null,
    case_version     integer not null check (case_version > 0),
    link_seq         bigint not null,
    action           text not null,
    limit_type       text,
    limit_value      integer check (limit_value >= 0),
    starts_at        timestamptz not null,
    due_at           timestamptz,
    reason           text check (reason in ('calendar_ends', 'no_calendar')),
    sent_due_at      timestamptz,
    calendar_version integer,
    recorded_at      timestamptz not null default now(),
    primary key (case_id, case_version),
    constraint reason_for_none check ((due_at is null) = (reason is not null))
);
comment on table follow_up.time_limit is
    'Every limit that was ever set for a case, with what it was computed from. Computed once; only ever added to. 案件的历次时限及其计算依据；只计算一次，只追加。';
comment on column follow_up.time_limit.case_id is
    'The case. 案件。';
comment on column follow_up.time_limit.case_version is
    'Version that the case had after the step that set it. 设定该时限的步骤之后的案件版本。';
comment on column follow_up.time_limit.link_seq is
    'The transaction. 事务序号。';
comment on column follow_up.time_limit.action is
    'The step that set it: DISPATCH, EXTEND, RESUME. 设定时限的步骤。';
comment on column follow_up.time_limit.limit_type is
    'How it is counted: URGENT_HOUR, WORK_HOUR, WORK_DAY, NATURAL_DAY; null: due_at was given as a time. 时限计算方式；空表示直接给出到期时间。';
comment on column follow_up.time_limit.limit_value is
    'Its length in that unit. 时限长度。';
comment on column follow_up.time_limit.starts_at is
    'From when it runs. 起算时间。';
comment on column follow_up.time_limit.due_at is
    'When it ends; null: it cannot be computed. 到期时间；空表示无法计算。';
comment on column follow_up.time_limit.reason is
    'Why due_at is null: calendar_ends (the limit runs past the work calendar), no_calendar (none is loaded). due_at 为空的原因：calendar_ends 超出工作日历；no_calendar 未加载工作日历。';
comment on column follow_up.time_limit.sent_due_at is
    'What the sender reckoned, where it sent a time that differs. 发送方算得的到期时间（与此不同时）。';
comment on column follow_up.time_limit.calendar_version is
    'Version of reference.calendar that was used; null: none was needed. 所用工作日历版本；空表示无需日历。';
comment on column follow_up.time_limit.recorded_at is
    'When its transaction began, by the database''s clock. 事务开始时间（数据库时钟）。';

-- ---- outbox -----------------------------------------------------------------------------------------

create table follow_up.outbox (
    order_id         uuid primary key,
    order_kind       text not null check (order_kind in ('DISPATCH', 'REMIND', 'RECALL')),
    case_id          uuid not null,
    case_version     integer not null check (case_version > 0),
    cause            text not null default '',
    link_seq         bigint not null,
    target_unit_code text not null,
    due_at           timestamptz,
    limit_type       text,
    limit_value      integer,
    is_test          boolean not null,
    decided_at       timestamptz not null,
    recorded_at      timestamptz not null default now(),
    unique (case_id, case_version, order_kind, cause)
);
-- In the order in which they are sent.
create index outbox_by_seq on follow_up.outbox (link_seq);
comment on table follow_up.outbox is
    'Orders to the ground, each decided once, in the transaction of the step that it follows from. Only ever added to. 派往基层的指令；与所依据的步骤同一事务写入，每个决定一条；只追加。';
comment on column follow_up.outbox.order_id is
    'Derived from case, version, kind and cause: the same decision always has the same id. 由案件、版本、类别与起因派生：同一决定的编号恒定。';
comment on column follow_up.outbox.order_kind is
    'DISPATCH: go there; REMIND: it is due; RECALL: no longer needed. DISPATCH 派遣；REMIND 催办；RECALL 撤回。';
comment on column follow_up.outbox.case_id is
    'The case. 案件。';
comment on column follow_up.outbox.case_version is
    'Version of the case after the step that it follows from. 所依据步骤之后的案件版本。';
comment on column follow_up.outbox.cause is
    'Of a reminder: before_due, due. 催办起因：before_due 到期前，due 到期。';
comment on column follow_up.outbox.link_seq is
    'The transaction. 事务序号。';
comment on column follow_up.outbox.target_unit_code is
    'The unit that it is for. 接收单位。';
comment on column follow_up.outbox.due_at is
    'Until when; null: no limit. 到期时间；空表示没有时限。';
comment on column follow_up.outbox.limit_type is
    'How the limit is counted. 时限计算方式。';
comment on column follow_up.outbox.limit_value is
    'Its length. 时限长度。';
comment on column follow_up.outbox.is_test is
    'As of the case. 同案件。';
comment on column follow_up.outbox.decided_at is
    'When it was decided: the time of the step. 决定时间，即步骤的时间。';
comment on column follow_up.outbox.recorded_at is
    'When its transaction began, by the database''s clock. 事务开始时间（数据库时钟）。';

create table follow_up.outbox_sent (
    order_id     uuid primary key references follow_up.outbox,
    topic        text not null,
    partition    integer not null,
    topic_offset bigint not null,
    sent_at      timestamptz not null default now()
);
comment on table follow_up.outbox_sent is
    'Orders that the broker has persisted. One that was persisted and is not noted here is sent again under the same order_id. 代理已持久化的指令；未记于此者将以同一 order_id 重发。';
comment on column follow_up.outbox_sent.order_id is
    'The order. 指令。';
comment on column follow_up.outbox_sent.topic is
    'Topic. 主题。';
comment on column follow_up.outbox_sent.partition is
    'Partition. 分区。';
comment on column follow_up.outbox_sent.topic_offset is
    'Offset there. 偏移量。';
comment on column follow_up.outbox_sent.sent_at is
    'When it was noted, by the database''s clock. 记录时间（数据库时钟）。';

create view follow_up.parked as
    select p.* from follow_up.case_step p
    where p.outcome = 'parked'
      and not exists (select from follow_up.case_step s where s.event_id = p.event_id and s.outcome <> 'parked');
comment on view follow_up.parked is
    'Actions that wait for their case, or for the step before them. 等待案件或前一步骤到达的动作。';

-- ---- append-only and privileges --------------------------------------------------------------------

do $$
declare
    name text;
begin
    foreach name in array array['time_limit', 'outbox', 'outbox_sent'] loop
        execute pg_catalog.format('create trigger refuse_change before update or delete on follow_up.%I '
                                  'for each row execute function events.refuse_change()', name);
        execute pg_catalog.format('create trigger refuse_truncate before truncate on follow_up.%I '
                                  'for each statement execute function events.refuse_change()', name);
    end loop;
end
$$;

grant select, insert on follow_up.time_limit, follow_up.outbox, follow_up.outbox_sent to gridloop_ingest;
grant select on follow_up.parked to gridloop_ingest;
