-- What the steps of the platform change of cases that are there, beside cases_change.sql. Where no order goes out (null)
-- the last one stays what it was.
update follow_up.case_file c
set dispatched_at = coalesce(u.dispatched_at, c.dispatched_at),
    handler_unit_code = coalesce(u.order_unit_code, c.handler_unit_code), order_unit_code = u.order_unit_code,
    due_at = u.due_at, due_version = u.due_version
from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::timestamptz[], $5::integer[])
         as u (case_id, dispatched_at, order_unit_code, due_at, due_version)
where c.case_id = u.case_id
