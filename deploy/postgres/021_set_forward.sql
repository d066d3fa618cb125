-- An operator may set a partition forward (gridloopctl progress set): what that gives up is a gap like any other, accepted
-- from its first moment on, with its place in the chain.
alter table bus.gap
    drop constraint gap_reason,
    add constraint gap_reason check (reason in ('before_first_start', 'retention', 'corrupt', 'recreated', 'truncated',
                                                'log_truncation', 'set_forward'));
comment on column bus.gap.reason is
    'before_first_start, retention: Kafka has deleted what was not read; corrupt: it cannot be read; recreated: the '
    'topic was created anew; truncated, log_truncation: the log was cut, and ends before our place, or goes on with '
    'other messages; set_forward: an operator gave up what stands there. before_first_start、retention：未读即被删除；'
    'corrupt：无法读取；recreated：主题被重新创建；truncated、log_truncation：日志被截断，止于已读位置之前，或其后已是其他消息；'
    'set_forward：操作员放弃读取其间的消息。';
