-- The id that is meant by $1: an id itself, the number of a case, or the place of a message (source/offset).
select case_id as id from follow_up.case_file where case_no = upper($1)
union all
select event_id from audit.every_event
where source_id = case when $1 ~ '^[0-9]{1,9}/[0-9]{1,18}$' then split_part($1, '/', 1)::integer end
  and topic_offset = case when $1 ~ '^[0-9]{1,9}/[0-9]{1,18}$' then split_part($1, '/', 2)::bigint end
union all
select case when $1 ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $1::uuid end
limit 1
