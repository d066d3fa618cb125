-- Orders that the broker has and that were never decided, by what stands in the tables.
select s.order_id
from follow_up.outbox_sent s
where not exists (select from follow_up.outbox o where o.order_id = s.order_id)
order by s.order_id
