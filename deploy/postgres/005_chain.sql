-- The hash chain: what is stored of each source can be proved complete and unaltered (consumers/runtime/chain.h has
-- the definition).
--
-- The chain of a source that was read before this file was applied begins where it stood then: what is older is not
-- in it. From now on there is no batch without a hash, so a daemon from before this file stops instead of leaving a
-- hole.

create function bus.chain_start(source_id integer, from_offset bigint) returns bytea
    language sql
    stable
    set search_path = ''
    as $$
    select pg_catalog.sha256(pg_catalog.convert_to(
               pg_catalog.concat_ws(E'\n', 'gridloop chain 1', s.source_id, s.cluster_id, s.topic, s.topic_id,
                                    s.partition, s.incarnation, $2), 'UTF8'))
    from bus.source s
    where s.source_id = $1
$$;
comment on function bus.chain_start(integer, bigint) is
    'What the chain of a source starts from: SHA-256 of the lines "gridloop chain 1", source_id, cluster_id, topic, '
    'topic_id, partition, incarnation and the first offset, without a line feed at the end. 来源哈希链的起点：'
    '上述各行（末尾无换行）的 SHA-256。';
revoke all on function bus.chain_start(integer, bigint) from public;
grant execute on function bus.chain_start(integer, bigint) to gridloop_ingest;

alter table bus.progress
    add column head         bytea check (octet_length(head) = 32),
    add column chained_from bigint;
update bus.progress
set head = bus.chain_start(source_id, next_offset), chained_from = next_offset;
alter table bus.progress
    alter column head set not null,
    alter column chained_from set not null,
    add check (chained_from between from_offset and next_offset);
comment on column bus.progress.head is
    'Head of the source''s hash chain before next_offset. next_offset 之前的哈希链头。';
comment on column bus.progress.chained_from is
    'First offset of the chain: from_offset, or where the source stood when the chain was introduced; never changes. '
    '哈希链的第一个偏移量：即 from_offset，或启用哈希链时来源所在之处；不再改变。';

alter table bus.batch
    add column dead_letter_layout_id integer references bus.layout,
    add column prints                bytea,
    alter column prints set storage external,
    add constraint batch_is_chained check (hash is not null and prints is not null) not valid;
comment on column bus.batch.hash is
    'Head of the hash chain behind the batch''s last offset; null only in batches from before the chain. '
    '本批最后一个偏移量处的哈希链头；仅启用哈希链之前的批次为空。';
comment on column bus.batch.dead_letter_layout_id is
    'Columns in which the dead letters were written. 死信所用的列布局。';
comment on column bus.batch.prints is
    'The first four bytes of each leaf, of rows and dead letters in the order of their offsets: tells which of a '
    'batch was altered, where hash tells that one was. 各行及死信叶哈希的前四个字节，按偏移量排列：'
    'hash 说明本批被改动，此列指出是哪一条。';

alter table bus.gap
    add column stood_at  bigint,
    add column layout_id integer references bus.layout,
    add column hash      bytea check (octet_length(hash) = 32),
    add constraint gap_is_chained check (accepted_at is null
                                         or (stood_at is not null and layout_id is not null and hash is not null))
        not valid;
comment on column bus.gap.stood_at is
    'Where the source stood when the gap was accepted: there it is in the chain; null: open, or from before the chain. '
    '确认缺口时来源所在之处，即其在哈希链中的位置；空表示未确认，或早于哈希链。';
comment on column bus.gap.layout_id is
    'Columns of this table that are in the chain. 纳入哈希链的本表各列。';
comment on column bus.gap.hash is
    'Head of the source''s hash chain behind the gap. 缺口之后的哈希链头。';
