-- What was sealed is still there, and what is stored goes on from it.
select s.source_id, case when p.next_offset < s.next_offset then p.next_offset else p.chained_from end as from_offset,
       s.next_offset, null::uuid as event_id,
       case when b.source_id is null then pg_catalog.format('%s, partition %s: the source is gone', s.topic, s.partition)
            when (b.cluster_id, b.topic, b.topic_id, b.partition, b.incarnation)
                 is distinct from (s.cluster_id, s.topic, s.topic_id, s.partition, s.incarnation)
                then pg_catalog.format('bus.source: it was %s, partition %s', s.topic, s.partition)
            when p.source_id is null then 'bus.progress: the row is gone'
            when p.next_offset < s.next_offset
                then pg_catalog.format('the last %s offsets that were sealed are gone', s.next_offset - p.next_offset)
            when p.chained_from > s.next_offset then 'the chain begins behind what was sealed'
            else 'what is stored before the last of these offsets is not what was sealed' end as detail
from sealed s
left join bus.source b using (source_id)
left join bus.progress p using (source_id)
where (b.cluster_id, b.topic, b.topic_id, b.partition, b.incarnation)
      is distinct from (s.cluster_id, s.topic, s.topic_id, s.partition, s.incarnation)
   or p.source_id is null
   or not (s.is_met
           or exists (select from chain_link k
                      where k.source_id = s.source_id and k.next_offset = s.next_offset and k.head = s.head)
           or exists (select from chain_link k
                      where k.source_id = s.source_id and k.from_offset = s.next_offset and k.before = s.head)
           or (p.next_offset = s.next_offset and p.head = s.head))
union all
select null, null, null, null,
       pg_catalog.format(case when d.version is null then 'reference.%s: version %s is gone'
                              else 'reference.%s: version %s is not what was sealed' end, s.table_name, s.version)
from sealed_reference s
left join reference_digest d using (table_name, version)
where (s.row_count, s.file_sha256, s.rows_sha256) is distinct from (d.row_count, d.file_sha256, d.rows_sha256)
order by source_id, from_offset
