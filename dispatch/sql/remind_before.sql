-- Cases whose order stands, of whose limit the last share ($3) runs, and that were not reminded of this limit.
select c.case_id
from follow_up.case_file c
join follow_up.time_limit t on t.case_id = c.case_id and t.case_version = c.due_version
where c.life = 'open' and c.due_at is not null and c.order_unit_code is not null
  and c.case_id > $1::uuid
  and pg_catalog.now() < c.due_at
  and pg_catalog.now() >= c.due_at - $3::double precision * (c.due_at - t.starts_at)
  and not exists (select from follow_up.outbox o
                  where o.case_id = c.case_id and o.case_version = c.due_version and o.order_kind = 'REMIND'
                    and o.cause = 'before_due')
order by c.case_id
limit $2::bigint
