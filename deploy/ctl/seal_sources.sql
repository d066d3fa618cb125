-- Where every source's chain stands.
select s.cluster_id, p.head, s.incarnation, p.next_offset, s.partition, s.source_id, s.topic, s.topic_id
from bus.source s
join bus.progress p using (source_id)
order by s.source_id
