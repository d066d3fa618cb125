-- Cases that may repeat another, that the platform may send, and that stand as they were opened after $3 hours.
select c.case_id
from follow_up.case_file c
where c.may_repeat is not null and c.may_send and not c.was_sent and c.case_version = 1
  and c.life = 'open' and c.unit_code is not null
  and c.case_id > $1::uuid
  and c.opened_at <= pg_catalog.now() - $3::double precision * interval '1 hour'
order by c.case_id
limit $2::bigint
