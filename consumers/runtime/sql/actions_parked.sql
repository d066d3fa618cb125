-- The actions that wait under these names ($1), those that waited longest first.
select event_id, reason, (now() - recorded_at > interval '14 days')::integer
from follow_up.parked
where named_id = any ($1::uuid[])
order by link_seq, ordinal, place
