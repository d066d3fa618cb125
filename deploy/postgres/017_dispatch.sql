-- How gridloop-dispatch finds what is not sent yet, without looking through all orders that ever were.

-- An order with a lower link_seq may become visible after one with a higher: link_seq says in which order to send, not
-- how far one has got. Transactions below the oldest one still running are all settled, so those can be left behind.
alter table follow_up.outbox add column written_in xid8 not null default pg_catalog.pg_current_xact_id();
create index outbox_by_writer on follow_up.outbox (written_in);

comment on column follow_up.outbox.written_in is
    'The server''s number of the transaction that wrote it: what is older than every running one has been seen by whoever sends. 写入该行的服务器事务号：早于所有运行中事务者，发送方必已看到。';

-- For the clock: possible repeats to which nobody has answered.
create index case_file_unanswered on follow_up.case_file (opened_at)
    where may_repeat is not null and may_send and not was_sent and case_version = 1;
