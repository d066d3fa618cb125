-- Who was shown what is kept from auditors otherwise (audit.reveal), and what every role could do by PostgreSQL's own
-- defaults and none of ours needs.

create table bus.disclosure (
    disclosure_id bigint generated always as identity primary key,
    what          text not null check (what in ('subject_refs', 'dead_letter')),
    key           text not null check (key <> ''),
    purpose       text not null constraint purpose_said check (btrim(purpose) <> ''),
    approver      text not null constraint approver_said check (btrim(approver) <> ''),
    reader        text not null default session_user,
    transaction   xid8 not null default pg_current_xact_id(),
    asked_at      timestamptz not null default clock_timestamp(),
    constraint approver_is_another check (lower(btrim(approver)) <> lower(reader))
);
comment on table bus.disclosure is
    'Every time somebody asked to see what is kept from auditors: a row stands here before anything is shown. Only ever added to. 每次申请查看受限内容的记录；先有记录，后能查看；只追加。';
comment on column bus.disclosure.disclosure_id is
    'Number of the request. 申请编号。';
comment on column bus.disclosure.what is
    'subject_refs: tokens of the persons in a patrol log; dead_letter: bytes of a message that was set aside. subject_refs 巡逻记录中的人员代号；dead_letter 死信的原始字节。';
comment on column bus.disclosure.key is
    'Whose: an event_id, or source_id/topic_offset. 对象：事件编号，或 来源/偏移量。';
comment on column bus.disclosure.purpose is
    'What for. 用途。';
comment on column bus.disclosure.approver is
    'Who approved it: never the reader. 批准人，不得为查看人本人。';
comment on column bus.disclosure.reader is
    'Role that was logged in: give each person one of their own. 登录角色；应每人一个。';
comment on column bus.disclosure.transaction is
    'Transaction that asked; only a later one is shown anything, so that no rollback takes the record back. 提出申请的事务；仅之后的事务可查看，故回滚不能抹去记录。';
comment on column bus.disclosure.asked_at is
    'When, by the database''s clock. 申请时间（数据库时钟）。';

create trigger refuse_change before update or delete on bus.disclosure
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on bus.disclosure
    for each statement execute function events.refuse_change();

-- For all that is known of an event; there are few.
create index dead_letter_by_event on bus.dead_letter (event_id) where event_id is not null;

comment on column bus.migration.name is
    'Path of the file from the root of the source tree; deploy/audit stands for all its files, which are not migrations: '
    'schema audit is made anew. 文件在源码树中的路径；deploy/audit 代表其全部文件，audit 模式整体重建而非迁移。';

do $$
begin
    execute pg_catalog.format('revoke temporary on database %I from public', pg_catalog.current_database());
end
$$;
revoke create on schema public from public;

-- A view that shows a table's columns under their own names says of them what the table says.
do $$
declare
    c record;
begin
    for c in
        select v.oid::regclass as view_name, a.attname, pg_catalog.col_description(t.oid, b.attnum) as meaning
        from pg_catalog.pg_class v
        join pg_catalog.pg_class t
            on t.relnamespace = v.relnamespace and t.relkind = 'r'
           and t.relname = case v.relname when 'parked' then 'case_step' else replace(v.relname, '_in_force', '') end
        join pg_catalog.pg_attribute a on a.attrelid = v.oid and a.attnum > 0
        join pg_catalog.pg_attribute b on b.attrelid = t.oid and b.attname = a.attname
        where v.relkind = 'v' and v.relnamespace in ('reference'::regnamespace, 'follow_up'::regnamespace)
    loop
        execute pg_catalog.format('comment on column %s.%I is %L', c.view_name, c.attname, c.meaning);
    end loop;
end
$$;
comment on column reference.entry.table_name is
    'The table. 所在的表。';
comment on column reference.entry.version is
    'Number of the load that brought the row. 该行所属加载的版本号。';
comment on column reference.entry.key is
    'What it is about, within its table. 该行在其表内的键。';
comment on column reference.entry.valid_from is
    'From when on it holds, in the world. 生效时间（含）。';
comment on column reference.entry.valid_to is
    'Until before when it holds. 失效时间（不含）。';
comment on column reference.entry.content is
    'All that it says, but for which load brought it. 该行的全部内容（不含加载信息）。';
