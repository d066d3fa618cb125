-- Which cases the names ($1) are of, and under which stripes these lie: a case of that id, or else the one to which
-- a report of that id belongs.
select n.named_id, c.case_id, c.stripe, 0
from unnest($1::uuid[]) as n (named_id)
join follow_up.case_file c on c.case_id = n.named_id
union all
(select distinct on (n.named_id) n.named_id, c.case_id, c.stripe, 1
 from unnest($1::uuid[]) as n (named_id)
 cross join lateral follow_up.reports_named(n.named_id) r
 join follow_up.sighting s using (source_id, topic_offset)
 join follow_up.case_file c on c.case_id = s.case_id
 where not exists (select from follow_up.case_file o where o.case_id = n.named_id)
 order by n.named_id, s.link_seq, s.ordinal)
