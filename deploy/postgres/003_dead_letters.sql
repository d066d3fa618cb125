-- What a dead letter needs so that it can be sent again as it came, and what a partition that sets too much aside
-- tells of itself.

alter table bus.dead_letter
    add column header_names  bytea[],
    add column header_values bytea[],
    add column header_count  integer check (header_count >= 0),
    add column is_kept       boolean not null default true,
    add column replay_source integer,
    add column replay_offset bigint,
    add column replay_count  integer not null default 0 check (replay_count between 0 and 3),
    add check (coalesce(cardinality(header_names), -1) = coalesce(cardinality(header_values), -1)),
    add check ((replay_source is null) = (replay_offset is null)),
    add check (is_kept or (message_key is null and value is null and header_names is null));
comment on column bus.dead_letter.message_key is
    'Key of the message; null: it had none, or it was not kept (is_kept). 消息的键；空表示没有，或未保留（见 is_kept）。';
comment on column bus.dead_letter.value is
    'The first 64 KiB of the message''s value; null: it had none (value_size 0), or it was not kept (is_kept). '
    '消息值的前 64 KiB；空表示没有值（value_size 为 0），或未保留（见 is_kept）。';
comment on column bus.dead_letter.header_names is
    'Names of the message''s headers in their order, as many as fit into 16 KiB with their values; null: not kept. '
    '消息头的名称，按原顺序，连同其值最多保留 16 KiB；空表示未保留。';
comment on column bus.dead_letter.header_values is
    'Their values, in the same order; a null in it: that header had none. 相应的值，顺序相同；其中的空值表示该消息头没有值。';
comment on column bus.dead_letter.header_count is
    'How many headers the message had: more than header_names holds if they were cut; null: not known (recorded '
    'before headers were kept, or they cannot be read). 消息头的总数：多于 header_names 时表示被截断；空表示未知（早期记录，或无法读取）。';
comment on column bus.dead_letter.is_kept is
    'False: too many bytes of dead letters were coming, so that only size and SHA-256 are here. '
    '为假时表示死信字节过多，仅保留大小和 SHA-256。';
comment on column bus.dead_letter.replay_source is
    'Source of the dead letter that was sent again and came back as this one, as the message said; null: this is no '
    'replay. 若本条由重发的死信再次失败产生，原死信的来源（按消息所述）；空表示不是重发。';
comment on column bus.dead_letter.replay_offset is
    'Offset of that dead letter. 原死信的偏移量。';
comment on column bus.dead_letter.replay_count is
    'How many times the message had been sent again when it came, as it said; after the third it is not sent again. '
    '消息到达时已重发的次数（按消息所述）；三次之后不再重发。';

alter table bus.progress
    add column paused_at    timestamptz,
    add column pause_reason text,
    add check ((paused_at is null) = (pause_reason is null));
comment on column bus.progress.paused_at is
    'Since when the source is left alone because most of what it brought was set aside; null: it is read. It is '
    'asked again by itself. 因大部分事件被搁置而暂停读取的起始时间；空表示正在读取。系统会自动重试。';
comment on column bus.progress.pause_reason is
    'Why, for people. 暂停原因，供人阅读。';
