-- The life of a case as reference data: states, legal steps, time limits, the work calendar. Loaded and kept as the
-- tables of 010_reference.sql.

-- ---- case_state -----------------------------------------------------------------------------------

create table reference.case_state (
    version     integer not null,
    valid_from  timestamptz not null default '-infinity',
    valid_to    timestamptz not null default 'infinity',
    loaded_at   timestamptz not null default now(),
    loaded_by   text not null default session_user,
    file_sha256 bytea not null check (octet_length(file_sha256) = 32),
    state              text not null constraint state_is_a_word check (state ~ '^[A-Z][A-Z_]*$'),
    name               text not null,
    is_open            boolean not null,
    counts_as_answered boolean not null,
    is_terminal        boolean not null,
    constraint terminal_is_not_open check (not (is_open and is_terminal)),
    constraint valid_from_before_valid_to check (valid_from < valid_to)
);
create index case_state_by_version on reference.case_state (version);
comment on table reference.case_state is
    'A state that a case may be in. 案件可能处于的状态。';
comment on column reference.case_state.version is
    'Number of the load that brought the row. 该行所属加载的版本号。';
comment on column reference.case_state.valid_from is
    'From when on it holds, in the world. 生效时间（含）。';
comment on column reference.case_state.valid_to is
    'Until before when it holds. 失效时间（不含）。';
comment on column reference.case_state.loaded_at is
    'When it was loaded, by the database''s clock. 加载时间（数据库时钟）。';
comment on column reference.case_state.loaded_by is
    'Role that loaded it. 加载者角色。';
comment on column reference.case_state.file_sha256 is
    'SHA-256 of the file it came from. 来源文件的 SHA-256。';
comment on column reference.case_state.state is
    'The state, by the words of the contract: REPORTED, DISPATCHED, CLOSED. 状态，用语同契约。';
comment on column reference.case_state.name is
    'As people call it. 名称。';
comment on column reference.case_state.is_open is
    'True: somebody has to do something. 真表示尚需有人办理。';
comment on column reference.case_state.counts_as_answered is
    'True: who reported it has had an answer once it is there, or needs none. 真表示到此状态时报告人已得到回音或无需回音。';
comment on column reference.case_state.is_terminal is
    'True: a case may stay in it for good, though a step may lead out again. 真表示案件可止于此状态，但仍可因某步骤离开。';
create view reference.case_state_in_force as
    select * from reference.case_state
    where version = (select max(version) from reference.load where table_name = 'case_state');
comment on view reference.case_state_in_force is
    'Rows of case_state of its newest load; which of them holds is said by their dates. case_state 最新一次加载的各行；以起止时间判断何者有效。';

-- ---- transition -----------------------------------------------------------------------------------

create table reference.transition (
    version     integer not null,
    valid_from  timestamptz not null default '-infinity',
    valid_to    timestamptz not null default 'infinity',
    loaded_at   timestamptz not null default now(),
    loaded_by   text not null default session_user,
    file_sha256 bytea not null check (octet_length(file_sha256) = 32),
    case_kind   text not null constraint case_kind_said check (case_kind <> ''),
    from_state  text not null default '',
    action      text not null,
    result      text not null default '',
    to_state    text not null constraint to_state_said check (to_state <> ''),
    roles       text not null constraint roles_said check (roles <> ''),
    needs       text not null default '',
    marks       text not null default '',
    at_most     integer constraint at_most_positive check (at_most > 0),
    most_days   integer constraint most_days_positive check (most_days > 0),
    constraint opening_leads_to_a_state check (from_state <> '' or to_state not in ('=', '<')),
    constraint valid_from_before_valid_to check (valid_from < valid_to)
);
create index transition_by_version on reference.transition (version);
comment on table reference.transition is
    'A legal step in the life of a case. 案件的一种合法步骤。';
comment on column reference.transition.version is
    'Number of the load that brought the row. 该行所属加载的版本号。';
comment on column reference.transition.valid_from is
    'From when on it holds, in the world. 生效时间（含）。';
comment on column reference.transition.valid_to is
    'Until before when it holds. 失效时间（不含）。';
comment on column reference.transition.loaded_at is
    'When it was loaded, by the database''s clock. 加载时间（数据库时钟）。';
comment on column reference.transition.loaded_by is
    'Role that loaded it. 加载者角色。';
comment on column reference.transition.file_sha256 is
    'SHA-256 of the file it came from. 来源文件的 SHA-256。';
comment on column reference.transition.case_kind is
    'Kind of case by the contract: DRONE_ALERT; * stands for any. Of the rows for an action those count that are of the kind and the state, else of the kind and *, else of * and the state, else of * and *. 案件种类，用语同契约；* 表示任意。同一操作的各行按种类与状态均具体、仅种类具体、仅状态具体、均为 * 的次序取先有者。';
comment on column reference.transition.from_state is
    'State before; * stands for any open state, empty: there is no case yet, and the action opens it with version 1. 之前的状态；* 表示任一未结状态；空表示尚无案件，由该操作立案（版本为 1）。';
comment on column reference.transition.action is
    'What is done: action_type of the contract. 操作，即契约的 action_type。';
comment on column reference.transition.result is
    'How it went: action_result of the contract; empty: none, or any without a row of its own. 结果，即契约的 action_result；空表示无结果或未单列的结果。';
comment on column reference.transition.to_state is
    'State after; = stays, < the one before the suspension. 之后的状态；= 表示不变，< 表示恢复到缓办前的状态。';
comment on column reference.transition.roles is
    'Who may, by actor_role, separated by spaces; * stands for anybody but the platform, platform for what it does by itself. 有权者（actor_role），以空格分隔；* 表示平台以外的任何人，platform 表示平台自行操作。';
comment on column reference.transition.needs is
    'What it must carry, as words: photo, reason, approver, target, limit, due, merged_into, reply, other_actor, position. Not asked of the platform. 必须具备的内容（词）；平台自行操作不受此限。';
comment on column reference.transition.marks is
    'What it means, as words: filed, dispatched, accepted, handled, answered, checked, closed, reworked, returned, extended, suspended, resumed, reopened, cancelled, unmuted, exempted. 步骤的含义（词）。';
comment on column reference.transition.at_most is
    'How often in one case, counting all steps with this action; null: without bound. 每案最多次数，按该操作的全部步骤计；空表示不限。';
comment on column reference.transition.most_days is
    'Most days from the action to its due_at; null: without bound. 自操作至 due_at 的最多天数；空表示不限。';
create view reference.transition_in_force as
    select * from reference.transition
    where version = (select max(version) from reference.load where table_name = 'transition');
comment on view reference.transition_in_force is
    'Rows of transition of its newest load; which of them holds is said by their dates. transition 最新一次加载的各行；以起止时间判断何者有效。';

-- ---- time_limit -----------------------------------------------------------------------------------

create table reference.time_limit (
    version     integer not null,
    valid_from  timestamptz not null default '-infinity',
    valid_to    timestamptz not null default 'infinity',
    loaded_at   timestamptz not null default now(),
    loaded_by   text not null default session_user,
    file_sha256 bytea not null check (octet_length(file_sha256) = 32),
    dedup_group text not null check (dedup_group <> ''),
    limit_type  text not null,
    limit_value integer not null constraint limit_not_negative check (limit_value >= 0),
    note        text,
    constraint valid_from_before_valid_to check (valid_from < valid_to)
);
create index time_limit_by_version on reference.time_limit (version);
comment on table reference.time_limit is
    'The time limit that the platform sets when it sends an order by itself. 平台自行派单时所设的处置时限。';
comment on column reference.time_limit.version is
    'Number of the load that brought the row. 该行所属加载的版本号。';
comment on column reference.time_limit.valid_from is
    'From when on it holds, in the world. 生效时间（含）。';
comment on column reference.time_limit.valid_to is
    'Until before when it holds. 失效时间（不含）。';
comment on column reference.time_limit.loaded_at is
    'When it was loaded, by the database''s clock. 加载时间（数据库时钟）。';
comment on column reference.time_limit.loaded_by is
    'Role that loaded it. 加载者角色。';
comment on column reference.time_limit.file_sha256 is
    'SHA-256 of the file it came from. 来源文件的 SHA-256。';
comment on column reference.time_limit.dedup_group is
    'The group; * stands for all that have no row of their own. 问题分组；* 表示未单列的所有分组。';
comment on column reference.time_limit.limit_type is
    'How it is counted, by the contract: URGENT_HOUR, WORK_HOUR, WORK_DAY, NATURAL_DAY. 计时方式，用语同契约。';
comment on column reference.time_limit.limit_value is
    'Its length, in the unit of limit_type. 时限长度，单位依 limit_type。';
comment on column reference.time_limit.note is
    'Where it comes from. 依据。';
create view reference.time_limit_in_force as
    select * from reference.time_limit
    where version = (select max(version) from reference.load where table_name = 'time_limit');
comment on view reference.time_limit_in_force is
    'Rows of time_limit of its newest load; which of them holds is said by their dates. time_limit 最新一次加载的各行；以起止时间判断何者有效。';

-- ---- calendar -------------------------------------------------------------------------------------

create table reference.calendar (
    version     integer not null,
    valid_from  timestamptz not null default '-infinity',
    valid_to    timestamptz not null default 'infinity',
    loaded_at   timestamptz not null default now(),
    loaded_by   text not null default session_user,
    file_sha256 bytea not null check (octet_length(file_sha256) = 32),
    day         date not null constraint day_is_finite check (isfinite(day)),
    hours       text not null default '' constraint hours_are_intervals check (
        hours ~ '^((([01][0-9]|2[0-3]):[0-5][0-9])-((([01][0-9]|2[0-3]):[0-5][0-9])|24:00)( (?=.)|$))*$'),
    constraint days_have_no_dates check (valid_from = '-infinity' and valid_to = 'infinity'),
    constraint valid_from_before_valid_to check (valid_from < valid_to)
);
create index calendar_by_version on reference.calendar (version);
comment on table reference.calendar is
    'Every day with its office hours. The last day is where limits end. 每一天及其办公时间；时限止于最后一天。';
comment on column reference.calendar.version is
    'Number of the load that brought the row. 该行所属加载的版本号。';
comment on column reference.calendar.valid_from is
    'From when on it holds, in the world. 生效时间（含）。';
comment on column reference.calendar.valid_to is
    'Until before when it holds. 失效时间（不含）。';
comment on column reference.calendar.loaded_at is
    'When it was loaded, by the database''s clock. 加载时间（数据库时钟）。';
comment on column reference.calendar.loaded_by is
    'Role that loaded it. 加载者角色。';
comment on column reference.calendar.file_sha256 is
    'SHA-256 of the file it came from. 来源文件的 SHA-256。';
comment on column reference.calendar.day is
    'The day, in reference.time_zone of the district. 日期，按本区时区。';
comment on column reference.calendar.hours is
    'Office hours, separated by spaces: 08:30-12:00 14:30-18:00; empty: a day off. 办公时间，以空格分隔；空表示休息日。';
create view reference.calendar_in_force as
    select * from reference.calendar
    where version = (select max(version) from reference.load where table_name = 'calendar');
comment on view reference.calendar_in_force is
    'Rows of calendar of its newest load. calendar 最新一次加载的各行。';

-- ---- all of them --------------------------------------------------------------------------------

create or replace view reference.entry as
    select 'area' as table_name, version, code as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.area t
union all
    select 'unit' as table_name, version, code as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.unit t
union all
    select 'responsibility' as table_name, version, area_code || ' ' || dedup_group as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.responsibility t
union all
    select 'category' as table_name, version, scheme || ' ' || code as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.category t
union all
    select 'dedup_rule' as table_name, version, dedup_group as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.dedup_rule t
union all
    select 'position_default' as table_name, version, position_kind as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.position_default t
union all
    select 'time_zone' as table_name, version, area_code as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.time_zone t
union all
    select 'case_state' as table_name, version, state as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.case_state t
union all
    select 'transition' as table_name, version, concat_ws(' ', case_kind, coalesce(nullif(from_state, ''), '-'), action, nullif(result, '')) as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.transition t
union all
    select 'time_limit' as table_name, version, dedup_group as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.time_limit t
union all
    select 'calendar' as table_name, version, day::text as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.calendar t;

-- ---- append-only and privileges --------------------------------------------------------------------

do $$
declare
    name text;
begin
    foreach name in array array['case_state', 'transition', 'time_limit', 'calendar'] loop
        execute pg_catalog.format('create trigger refuse_change before update or delete on reference.%I '
                                  'for each row execute function events.refuse_change()', name);
        execute pg_catalog.format('create trigger refuse_truncate before truncate on reference.%I '
                                  'for each statement execute function events.refuse_change()', name);
        execute pg_catalog.format('grant select on reference.%I, reference.%I to gridloop_ingest',
                                  name, name || '_in_force');
    end loop;
end
$$;
