-- Gaps that an operator accepts, logs that were cut, and topics that were created anew.

-- ---- which log a source stands for -----------------------------------------------------------------

-- Kafka can cut a partition's log and use its offsets again, for other messages: the same partition is then another
-- source.
alter table bus.source
    add column incarnation integer not null default 0 check (incarnation >= 0),
    drop constraint source_cluster_id_topic_topic_id_partition_key,
    add unique (cluster_id, topic, topic_id, partition, incarnation);
comment on table bus.source is
    'One partition of one topic of one Kafka cluster, as long as its offsets mean the same messages; a topic '
    'created anew is a new source, and so is a log that was cut. '
    '一个 Kafka 集群中一个主题的一个分区，且其偏移量始终指同一批消息；重新创建的主题、被截断的日志都是新的来源。';
comment on column bus.source.incarnation is
    'From 0; one more each time an operator accepts that the partition''s log was cut and its offsets are used '
    'again; the highest is read. 从 0 起；每当操作员确认分区日志被截断、偏移量被重新使用时加一；读取最大的一个。';

alter table bus.progress add column leader_epoch integer check (leader_epoch >= 0);
comment on column bus.progress.leader_epoch is
    'Leader epoch of the message before next_offset: if Kafka shows another one there, the log was cut; null: not '
    'known. next_offset 前一条消息的 leader epoch；若 Kafka 在该处显示另一个值，则日志已被截断；空表示未知。';

-- ---- gaps ------------------------------------------------------------------------------------------

-- Two daemons that found the same at once.
delete from bus.gap g
using bus.gap earlier
where g.source_id = earlier.source_id and g.gap_id > earlier.gap_id
  and g.accepted_at is null and earlier.accepted_at is null;
create unique index gap_open on bus.gap (source_id) where accepted_at is null;

alter table bus.gap add constraint gap_reason check (
    reason in ('before_first_start', 'retention', 'corrupt', 'recreated', 'truncated', 'log_truncation'));
comment on column bus.gap.from_offset is
    'The offset that was wanted; where the log was cut: the first offset that is used again. '
    '应读取的偏移量；日志被截断时为第一个被重新使用的偏移量。';
comment on column bus.gap.to_offset is
    'Where reading can go on: the first offset that Kafka has; where the log was cut: behind the last offset that '
    'was read before; null: not known. '
    '可继续读取之处：Kafka 现有的第一个偏移量；日志被截断时为截断前已读到之处；空表示未知。';
comment on column bus.gap.reason is
    'before_first_start, retention: Kafka has deleted what was not read; corrupt: it cannot be read; recreated: the '
    'topic was created anew; truncated, log_truncation: the log was cut, and ends before our place, or goes on with '
    'other messages. before_first_start、retention：未读即被删除；corrupt：无法读取；recreated：主题被重新创建；'
    'truncated、log_truncation：日志被截断，止于已读位置之前，或其后已是其他消息。';
comment on column bus.gap.accepted_by is
    'Who accepted it: the person who is named, else the database''s role. 确认人：指明的人员，否则为数据库角色。';

create function bus.refuse_change_of_accepted() returns trigger
    language plpgsql
    set search_path = ''
    as $$
begin
    if old.accepted_at is not null then
        raise exception 'gap % is accepted: % refused', old.gap_id, tg_op
            using errcode = 'insufficient_privilege', schema = tg_table_schema, table = tg_table_name;
    end if;
    return new;
end
$$;
comment on function bus.refuse_change_of_accepted() is
    'Trigger: what was accepted is not changed any more (SQLSTATE 42501). 触发器：已确认的缺口不得再更改（SQLSTATE 42501）。';
revoke all on function bus.refuse_change_of_accepted() from public;

create trigger refuse_change before delete on bus.gap
    for each row execute function events.refuse_change();
create trigger refuse_change_of_accepted before update on bus.gap
    for each row execute function bus.refuse_change_of_accepted();
create trigger refuse_truncate before truncate on bus.gap
    for each statement execute function events.refuse_change();

-- A daemon finds gaps, and follows the broker; it never accepts one.
revoke update on bus.gap from gridloop_ingest;
grant update (to_offset) on bus.gap to gridloop_ingest;
