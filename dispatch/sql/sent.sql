-- Notes what the broker has. Of an order that is not there (a backup was restored meanwhile) there is nothing to note.
insert into follow_up.outbox_sent (order_id, topic, partition, topic_offset)
select o.order_id, $4, s.partition, s.topic_offset
from unnest($1::uuid[], $2::integer[], $3::bigint[]) as s (order_id, partition, topic_offset)
join follow_up.outbox o using (order_id)
on conflict (order_id) do nothing
