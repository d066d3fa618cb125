-- Whose order stands, and limits that begin before the calendar does.

alter table follow_up.case_file
    add column order_unit_code text;
comment on column follow_up.case_file.order_unit_code is
    'The unit whose order stands: it was dispatched, and the case is neither handled nor was the order recalled; null: none does. It is whom reminders go to. 指令仍有效的单位：已派遣，尚未处置完毕，也未撤回；空表示没有。催办即发往该单位。';

alter table follow_up.time_limit
    drop constraint time_limit_reason_check,
    add constraint time_limit_reason_check check (reason in ('calendar_begins', 'calendar_ends', 'no_calendar'));
comment on column follow_up.time_limit.reason is
    'Why due_at is null: calendar_begins (it starts before the work calendar does), calendar_ends (it runs past it), no_calendar (none is loaded). due_at 为空的原因：calendar_begins 起算早于工作日历；calendar_ends 超出工作日历；no_calendar 未加载工作日历。';

-- For the clock: which actions wait, and for which case.
create index case_step_parked on follow_up.case_step (named_id) where outcome = 'parked';

create or replace view follow_up.parked as
    select p.* from follow_up.case_step p
    where p.outcome = 'parked'
      and not exists (select from follow_up.case_step s
                      where s.event_id = p.event_id
                        and (s.outcome <> 'parked'
                             or (s.link_seq, s.ordinal, s.place) > (p.link_seq, p.ordinal, p.place)));
comment on view follow_up.parked is
    'Actions that wait: for their case, for the step before them, or for the case to merge into; each once, with what it waits for now. 等待案件、前一步骤或并入目标到达的动作；每个动作一行，为其当前所等待者。';
