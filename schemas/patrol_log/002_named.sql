-- For actions that name the case that this report would have opened, not the one that it was linked to. Only reports of
-- problems have one.
create index patrol_log_by_raised_case on events.patrol_log ((raised_case_ids[1])) where category is not null;
