-- For actions that name the finding itself, not the case that it was linked to.
create index inspection_finding_by_finding on events.inspection_finding (finding_id);
