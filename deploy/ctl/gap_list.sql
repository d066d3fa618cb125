-- Gaps, the open ones first. $1: those that were accepted too.
select g.gap_id, s.topic, s.partition, g.reason, g.from_offset, g.to_offset,
       case when g.reason in ('before_first_start', 'retention', 'corrupt', 'set_forward') then g.to_offset - g.from_offset end
           as offsets,
       extract(epoch from now() - g.found_at)::bigint as found_s,
       g.accepted_at::timestamptz(0), g.accepted_by, g.accept_reason,
       case g.reason
           when 'before_first_start' then 'Kafka has deleted what stood there before anybody read it.'
           when 'retention' then 'Kafka has deleted what stood there before it was read.'
           when 'corrupt' then 'A batch that begins there fails its CRC, also when it is fetched again.'
           when 'recreated' then pg_catalog.format(
               'The topic was created anew; of the old one everything before offset %s is settled, and what it held '
               'from there on is lost.',
               coalesce((select p.next_offset
                         from bus.source o
                         join bus.progress p using (source_id)
                         where o.cluster_id = s.cluster_id and o.topic = s.topic and o.partition = s.partition
                           and o.topic_id <> s.topic_id and o.source_id < s.source_id
                         order by o.source_id desc
                         limit 1), 0))
           when 'set_forward' then 'An operator set the partition forward (gridloopctl progress set).'
           when 'truncated' then 'Kafka has cut the log: it ends before our place.'
           when 'log_truncation' then 'Kafka has cut the log, and it goes on with other messages.'
       end as meaning,
       case
           when g.reason in ('truncated', 'log_truncation') then pg_catalog.format(
               'The log is read again from offset %s (or from --to) as another source; what is stored already comes '
               'out as repeats. What was cut off is gone from Kafka, and stays stored.', g.from_offset)
           when g.to_offset is null then 'Reading goes on at --to, which must be given: nothing readable has been seen '
                                         'behind it yet.'
           when g.to_offset = g.from_offset then pg_catalog.format('Reading goes on at offset %s.', g.to_offset)
           else pg_catalog.format('%s offsets are given up, and that many events are lost at most; reading goes on at '
                                  'offset %s.', g.to_offset - g.from_offset, g.to_offset)
       end as accepting
from bus.gap g
join bus.source s using (source_id)
where $1::boolean or g.accepted_at is null
order by g.accepted_at is not null, g.gap_id
