-- What the consumers keep beside the events: where each partition stands, what became of every offset,
-- what could not be stored, and why.
--
-- gridloopctl setup runs this file once, in one transaction. It needs a role that owns the database (or
-- may create schemas in it) and may create roles; roles are left alone if the cluster has them already.

-- ---- roles -----------------------------------------------------------------------------------------

do $$
declare
    wanted text;
begin
    foreach wanted in array array['gridloop_ingest', 'gridloop_auditor'] loop
        continue when exists (select from pg_catalog.pg_roles where rolname = wanted);
        begin
            execute pg_catalog.format('create role %I login', wanted);
        exception
            -- Roles belong to the whole cluster: the setup of another database may just have made it.
            when duplicate_object or unique_violation then null;
        end;
    end loop;
    execute pg_catalog.format('grant connect, temporary on database %I to gridloop_ingest',
                              pg_catalog.current_database());
    execute pg_catalog.format('grant connect on database %I to gridloop_auditor',
                              pg_catalog.current_database());
end
$$;

-- ---- schemas ---------------------------------------------------------------------------------------

create schema bus;
comment on schema bus is
    'How events came in: places, batches, dead letters, gaps. 事件的接收过程：位置、批次、死信、缺口。';
revoke all on schema bus from public;

create schema events;
comment on schema events is
    'The events themselves, one table per kind; append-only. 事件本身，每类一表，只追加。';
revoke all on schema events from public;

create function events.refuse_change() returns trigger
    language plpgsql
    set search_path = ''
    as $$
begin
    raise exception '%.% is append-only: % refused', tg_table_schema, tg_table_name, tg_op
        using errcode = 'insufficient_privilege', schema = tg_table_schema, table = tg_table_name;
end
$$;
comment on function events.refuse_change() is
    'Trigger: refuses UPDATE, DELETE and TRUNCATE for every role (SQLSTATE 42501). '
    '触发器：对任何角色拒绝更新、删除和清空（SQLSTATE 42501）。';
revoke all on function events.refuse_change() from public;

-- ---- what has been applied -------------------------------------------------------------------------

create table bus.migration (
    name       text primary key,
    sha256     bytea not null check (octet_length(sha256) = 32),
    applied_at timestamptz not null default now()
);
comment on table bus.migration is
    'SQL files that gridloopctl setup has applied, each once. 已由 gridloopctl setup 执行的 SQL 文件，每个只执行一次。';
comment on column bus.migration.name is
    'Path of the file from the root of the source tree. 文件在源码树中的路径。';
comment on column bus.migration.sha256 is
    'SHA-256 of the file as it was applied. 执行时文件的 SHA-256。';
comment on column bus.migration.applied_at is
    'When its transaction began. 执行事务的开始时间。';

create table bus.schema (
    fingerprint   text primary key check (fingerprint ~ '^[0-9a-f]{16}$'),
    kind          text not null,
    version       integer not null check (version > 0),
    schema        text not null,
    registered_at timestamptz not null default now(),
    unique (kind, version)
);
comment on table bus.schema is
    'Writer schemas that consumers accept, beside those built into them. 消费者除内置模式外接受的写入方模式。';
comment on column bus.schema.fingerprint is
    'CRC-64-AVRO of the canonical form, 16 lower-case hex digits, most significant first; messages carry it '
    'little endian. 规范形式的 CRC-64-AVRO，16 位小写十六进制，高位在前；消息中为小端序。';
comment on column bus.schema.kind is
    'Kind of event, as in the table''s name: drone_alert. 事件类别，与表名一致，如 drone_alert。';
comment on column bus.schema.version is
    'Number of the version of this kind, from 1. 该类别的版本号，从 1 起。';
comment on column bus.schema.schema is
    'The Avro schema as JSON text, byte for byte as it was registered. Avro 模式的 JSON 文本，与登记时逐字节一致。';
comment on column bus.schema.registered_at is
    'When it was registered. 登记时间。';

-- ---- places ----------------------------------------------------------------------------------------

create table bus.source (
    source_id  integer generated always as identity primary key,
    cluster_id text not null,
    topic      text not null,
    topic_id   text not null,
    partition  integer not null check (partition >= 0),
    unique (cluster_id, topic, topic_id, partition)
);
comment on table bus.source is
    'One partition of one topic of one Kafka cluster; a topic created anew is a new source. '
    '一个 Kafka 集群中一个主题的一个分区；重新创建的主题是新的来源。';
comment on column bus.source.source_id is
    'Short number used by all other tables. 其他各表使用的短编号。';
comment on column bus.source.cluster_id is
    'Id of the Kafka cluster. Kafka 集群标识。';
comment on column bus.source.topic is
    'Name of the topic: gridloop.drone-alert.v1. 主题名称，如 gridloop.drone-alert.v1。';
comment on column bus.source.topic_id is
    'Id that Kafka gave this topic when it was created. 主题创建时由 Kafka 分配的标识。';
comment on column bus.source.partition is
    'Number of the partition, from 0. 分区号，从 0 起。';

-- One small row per source, changed by every batch: a page is left mostly empty, so that new row versions
-- find room beside the old ones (HOT) and no index is touched.
create table bus.progress (
    source_id     integer primary key references bus.source,
    from_offset   bigint not null check (from_offset >= 0),
    next_offset   bigint not null,
    owner_epoch   bigint not null default 0,
    owner         text,
    backend_pid   integer,
    backend_start timestamptz,
    claimed_at    timestamptz,
    moved_at      timestamptz,
    check (next_offset >= from_offset)
) with (fillfactor = 10);
comment on table bus.progress is
    'Where each source stands, and who may move it; it moves in the same transaction as the rows it stands '
    'for. 每个来源的进度及其当前持有者；与所代表的数据在同一事务中推进。';
comment on column bus.progress.source_id is
    'The source. 来源。';
comment on column bus.progress.from_offset is
    'First offset that is accounted for; never changes. 开始记账的第一个偏移量，不再改变。';
comment on column bus.progress.next_offset is
    'Next offset to be read; all before it are settled. 下一个要读取的偏移量；之前的均已处理。';
comment on column bus.progress.owner_epoch is
    'Raised by every claim; a writer with an older one is refused. 每次接管加一；持有旧值者不得写入。';
comment on column bus.progress.owner is
    'Name of the process that claimed it last. 最近一次接管的进程名称。';
comment on column bus.progress.backend_pid is
    'Server process of the owner''s connection. 持有者连接对应的服务器进程号。';
comment on column bus.progress.backend_start is
    'When that server process began; tells a reused number. 该服务器进程的启动时间，用于识别进程号重用。';
comment on column bus.progress.claimed_at is
    'When it was claimed last. 最近一次接管时间。';
comment on column bus.progress.moved_at is
    'When next_offset was moved last. next_offset 最近一次推进的时间。';

create table bus.heartbeat (
    source_id integer primary key references bus.source,
    sent_at   timestamptz not null,
    stored_at timestamptz not null default now()
) with (fillfactor = 10);
comment on table bus.heartbeat is
    'The latest heartbeat that came through each source: shows that a quiet source works. '
    '各来源最近一次心跳：表明没有事件的来源仍然畅通。';
comment on column bus.heartbeat.source_id is
    'The source. 来源。';
comment on column bus.heartbeat.sent_at is
    'When it was sent, by the sender''s clock. 发送时间（发送方时钟）。';
comment on column bus.heartbeat.stored_at is
    'When it was stored, by the database''s clock. 入库时间（数据库时钟）。';

-- ---- what became of every offset -------------------------------------------------------------------

create table bus.layout (
    layout_id  integer generated always as identity primary key,
    table_name text not null,
    columns    text[] not null check (cardinality(columns) > 0),
    unique (table_name, columns)
);
comment on table bus.layout is
    'Column lists in which event rows were stored; later columns change nothing about older rows. '
    '事件行入库时的列清单；后来增加的列不影响早先的行。';
comment on column bus.layout.layout_id is
    'Number of the layout. 布局编号。';
comment on column bus.layout.table_name is
    'Event table, with its schema: events.drone_alert. 事件表，含模式名，如 events.drone_alert。';
comment on column bus.layout.columns is
    'Columns in the order of the stored tuple. 按入库元组顺序排列的列。';

create table bus.batch (
    source_id    integer not null references bus.source,
    from_offset  bigint not null check (from_offset >= 0),
    next_offset  bigint not null,
    layout_id    integer references bus.layout,
    stored       bigint not null check (stored >= 0),
    duplicate    bigint not null check (duplicate >= 0),
    dead_letter  bigint not null check (dead_letter >= 0),
    absent       bigint not null check (absent >= 0),
    gap          bigint not null check (gap >= 0),
    outcomes     text not null check (outcomes ~ '^[sdxag][1-9][0-9]*(?: [sdxag][1-9][0-9]*)*$'),
    hash         bytea check (octet_length(hash) = 32),
    committed_at timestamptz not null default now(),
    primary key (source_id, from_offset),
    check (next_offset > from_offset),
    check (stored + duplicate + dead_letter + absent + gap = next_offset - from_offset)
);
comment on table bus.batch is
    'What became of every offset: the rows of a source follow one another without hole or overlap. '
    '每个偏移量的去向：同一来源的各行首尾相接，无空洞、无重叠。';
comment on column bus.batch.source_id is
    'The source. 来源。';
comment on column bus.batch.from_offset is
    'First offset of the batch. 本批第一个偏移量。';
comment on column bus.batch.next_offset is
    'First offset behind the batch. 本批之后的第一个偏移量。';
comment on column bus.batch.layout_id is
    'Columns in which the stored rows were written; null if none was. 入库各行所用的列布局；没有入库行时可为空。';
comment on column bus.batch.stored is
    'Offsets whose event became a row. 事件已入库的偏移量数。';
comment on column bus.batch.duplicate is
    'Offsets whose event was there already, the same. 事件已存在且内容相同的偏移量数。';
comment on column bus.batch.dead_letter is
    'Offsets that became a dead letter. 成为死信的偏移量数。';
comment on column bus.batch.absent is
    'Offsets that carry no event: transaction markers, compaction, heartbeats. '
    '不含事件的偏移量数：事务标记、压缩、心跳。';
comment on column bus.batch.gap is
    'Offsets that Kafka no longer had, accepted by an operator (bus.gap). '
    'Kafka 已不再保存、经操作员确认的偏移量数（见 bus.gap）。';
comment on column bus.batch.outcomes is
    'The same offset by offset, as runs in order: "s9998 d1 x1"; s stored, d duplicate, x dead letter, a '
    'absent, g gap. 逐个偏移量的去向，按顺序游程编码："s9998 d1 x1"；s 入库，d 重复，x 死信，a 无事件，g 缺口。';
comment on column bus.batch.hash is
    'Head of the hash chain behind the batch''s last offset; null until the chain is introduced. '
    '本批最后一个偏移量处的哈希链头；启用哈希链之前为空。';
comment on column bus.batch.committed_at is
    'When the batch''s transaction began, by the database''s clock. 本批事务的开始时间（数据库时钟）。';

-- ---- what could not be stored ----------------------------------------------------------------------

create table bus.dead_letter (
    source_id    integer not null references bus.source,
    topic_offset bigint not null check (topic_offset >= 0),
    kind         text not null,
    reason       text not null,
    detail       text,
    field        text,
    event_id     uuid,
    sqlstate     text,
    message_key  bytea,
    value        bytea check (octet_length(value) <= 65536),
    value_size   bigint not null check (value_size >= 0),
    value_sha256 bytea not null check (octet_length(value_sha256) = 32),
    recorded_at  timestamptz not null default now(),
    primary key (source_id, topic_offset)
);
comment on table bus.dead_letter is
    'Messages that could not become an event, kept with their reason; never changed. '
    '未能成为事件的消息及其原因；永不更改。';
comment on column bus.dead_letter.source_id is
    'The source it came from. 来源。';
comment on column bus.dead_letter.topic_offset is
    'Its offset there. 在来源中的偏移量。';
comment on column bus.dead_letter.kind is
    'Kind of event that was expected. 应有的事件类别。';
comment on column bus.dead_letter.reason is
    'Why, as one of a few fixed words. 原因（固定的少数几个词之一）。';
comment on column bus.dead_letter.detail is
    'Why, for people; never quotes the event. 给人看的原因说明；不引用事件内容。';
comment on column bus.dead_letter.field is
    'The field that was wrong, if one was. 有误的字段（如有）。';
comment on column bus.dead_letter.event_id is
    'Id of the event, if it could be read. 事件标识（如能读出）。';
comment on column bus.dead_letter.sqlstate is
    'SQLSTATE, if PostgreSQL refused the row. 若由 PostgreSQL 拒绝，其 SQLSTATE。';
comment on column bus.dead_letter.message_key is
    'Key of the message; null: it had none. 消息的键；空表示没有。';
comment on column bus.dead_letter.value is
    'The first 64 KiB of the message''s value; null: it had none (value_size 0), or too many bytes of dead '
    'letters were coming to keep them. 消息值的前 64 KiB；空表示没有值（value_size 为 0），或死信过多而未保留。';
comment on column bus.dead_letter.value_size is
    'Size of the whole value in bytes. 完整消息值的字节数。';
comment on column bus.dead_letter.value_sha256 is
    'SHA-256 of the whole value; of no bytes where there is none. 完整消息值的 SHA-256；没有值时为空串的哈希。';
comment on column bus.dead_letter.recorded_at is
    'When it was recorded, by the database''s clock. 记录时间（数据库时钟）。';

create table bus.dead_letter_action (
    action_id    bigint generated always as identity primary key,
    source_id    integer not null,
    topic_offset bigint not null,
    action       text not null check (action in ('replay', 'discard')),
    actor        text not null,
    note         text,
    acted_at     timestamptz not null default now(),
    foreign key (source_id, topic_offset) references bus.dead_letter
);
create index dead_letter_action_by_letter on bus.dead_letter_action (source_id, topic_offset);
comment on table bus.dead_letter_action is
    'What people did with dead letters; one without a row here is open. 对死信的处理；此处没有记录的死信即为未处理。';
comment on column bus.dead_letter_action.action_id is
    'Number of the action. 处理编号。';
comment on column bus.dead_letter_action.source_id is
    'Source of the dead letter. 死信的来源。';
comment on column bus.dead_letter_action.topic_offset is
    'Offset of the dead letter. 死信的偏移量。';
comment on column bus.dead_letter_action.action is
    'replay: sent again to its topic; discard: given up for good. replay：重新发送到原主题；discard：最终放弃。';
comment on column bus.dead_letter_action.actor is
    'Who did it. 处理人。';
comment on column bus.dead_letter_action.note is
    'Why. 说明。';
comment on column bus.dead_letter_action.acted_at is
    'When. 处理时间。';

create table bus.gap (
    gap_id        integer generated always as identity primary key,
    source_id     integer not null references bus.source,
    from_offset   bigint not null,
    to_offset     bigint,
    reason        text not null,
    found_at      timestamptz not null default now(),
    accepted_at   timestamptz,
    accepted_by   text,
    accept_reason text,
    check ((accepted_at is null) = (accepted_by is null))
);
comment on table bus.gap is
    'Offsets that should be there and are not; the source stands still until somebody accepts it. '
    '应有而缺失的偏移量；在有人确认之前，该来源停止推进。';
comment on column bus.gap.gap_id is
    'Number of the gap. 缺口编号。';
comment on column bus.gap.source_id is
    'The source. 来源。';
comment on column bus.gap.from_offset is
    'The offset that was wanted. 应读取的偏移量。';
comment on column bus.gap.to_offset is
    'Where reading can go on: the first offset that Kafka has; null: not known. '
    '可继续读取之处：Kafka 现有的第一个偏移量；空表示未知。';
comment on column bus.gap.reason is
    'What was found, as one of a few fixed words. 发现的情况（固定的少数几个词之一）。';
comment on column bus.gap.found_at is
    'When it was found. 发现时间。';
comment on column bus.gap.accepted_at is
    'When somebody accepted it; null: open. 确认时间；空表示未确认。';
comment on column bus.gap.accepted_by is
    'Who accepted it. 确认人。';
comment on column bus.gap.accept_reason is
    'Why that is right. 确认的理由。';

-- ---- append-only -----------------------------------------------------------------------------------

create trigger refuse_change before update or delete on bus.batch
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on bus.batch
    for each statement execute function events.refuse_change();

create trigger refuse_change before update or delete on bus.dead_letter
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on bus.dead_letter
    for each statement execute function events.refuse_change();

create trigger refuse_change before update or delete on bus.dead_letter_action
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on bus.dead_letter_action
    for each statement execute function events.refuse_change();

-- ---- privileges ------------------------------------------------------------------------------------

revoke all on all tables in schema bus from public;

grant usage on schema bus, events to gridloop_ingest;
grant select on bus.schema to gridloop_ingest;
grant select, insert on bus.source, bus.layout, bus.batch, bus.dead_letter to gridloop_ingest;
grant select, insert, update on bus.progress, bus.gap, bus.heartbeat to gridloop_ingest;
