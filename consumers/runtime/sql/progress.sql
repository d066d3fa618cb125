-- Where a source stands (null: nobody has read it before), the gap that it waits for, and whether this partition was
-- read before under another id of its topic.
select p.next_offset, p.owner_epoch, p.leader_epoch, g.reason, g.from_offset, g.to_offset,
       exists (select
               from bus.source o
               join bus.progress using (source_id)
               where o.cluster_id = s.cluster_id and o.topic = s.topic and o.partition = s.partition
                 and o.topic_id <> s.topic_id)
from bus.source s
left join bus.progress p using (source_id)
left join bus.gap g on g.source_id = s.source_id and g.accepted_at is null
where s.source_id = $1::integer
