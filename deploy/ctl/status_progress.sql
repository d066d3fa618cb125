-- Where the partitions of these topics stand. $1: topics; $2: the cluster, null: any.
select s.topic, s.partition, p.next_offset
from unnest($1::text[]) with ordinality as t (topic, place)
cross join lateral (select distinct on (s.partition) s.source_id, s.topic, s.partition
                    from bus.source s
                    where s.topic = t.topic and s.cluster_id = coalesce($2::text, s.cluster_id)
                    order by s.partition, s.source_id desc) s
left join bus.progress p using (source_id)
order by t.place, s.partition
