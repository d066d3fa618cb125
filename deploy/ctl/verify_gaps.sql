-- Every offset that a batch calls a gap was accepted.
select r.source_id, r.from_offset, r.next_offset, null::uuid as event_id, 'called a gap, and nobody accepted it' as detail
from outcome_run r
where r.outcome = 'g'
  and not exists (select
                  from bus.gap g
                  where g.source_id = r.source_id
                    and g.accepted_at is not null
                    and g.from_offset <= r.from_offset
                    and g.to_offset >= r.next_offset)
order by r.source_id, r.from_offset
