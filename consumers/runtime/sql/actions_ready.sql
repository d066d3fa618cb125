-- Names ($1: most of them) under which an action waits that need wait no longer: what it waits for is there, or it has
-- waited for 14 days.
select p.named_id
from follow_up.parked p
where p.recorded_at < now() - interval '14 days'
   or exists (select from follow_up.case_file c
              where c.case_id = p.named_id and c.case_version >= p.case_version - 1
                and (p.reason <> 'no_head'
                     or exists (select from events.case_action a
                                join follow_up.case_file h on h.case_id = a.merged_into_case_id
                                where a.event_id = p.event_id)))
   or p.reason = 'no_case'
      and exists (select from follow_up.reports_named(p.named_id) r
                  join follow_up.sighting s using (source_id, topic_offset)
                  where s.case_id <> p.named_id)
group by p.named_id
order by min(p.link_seq), p.named_id
limit $1::integer
