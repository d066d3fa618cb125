-- How many orders are not sent, and when the oldest of them was decided on, in seconds since 1970. $1: transactions below
-- it have nothing left.
select count(*), coalesce(floor(extract(epoch from min(o.decided_at)))::bigint, 0)
from follow_up.outbox o
where o.written_in >= $1::text::xid8
  and not exists (select from follow_up.outbox_sent s where s.order_id = o.order_id)
