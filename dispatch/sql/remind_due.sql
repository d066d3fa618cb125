-- Cases whose order stands and is due, and that were not told so. $3 is not used.
select c.case_id
from follow_up.case_file c
where c.life = 'open' and c.due_at is not null and c.order_unit_code is not null
  and c.case_id > $1::uuid
  and c.due_at <= pg_catalog.now()
  and not exists (select from follow_up.outbox o
                  where o.case_id = c.case_id and o.case_version = c.due_version and o.order_kind = 'REMIND'
                    and o.cause = 'due')
  and $3::double precision is not null
order by c.case_id
limit $2::bigint
