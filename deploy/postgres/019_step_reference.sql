-- Which reference data a step was decided by: with it what became of an action can be decided again from the event alone.
alter table follow_up.case_step add column reference_version integer;
comment on column follow_up.case_step.reference_version is
    'Newest load of reference data that the program had read: of each table the newest load up to it counted. 0: none was loaded; null: decided before this column was there. 判断时程序已读取的最新参考数据版本：各表均以不晚于它的最新一次加载为准；0 表示尚未加载；空表示在本列出现之前作出的判断。';
