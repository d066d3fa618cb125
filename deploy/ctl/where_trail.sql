-- The life of an id ($1), from the device to the answer.
select t.at, t.entry, t.outcome, t.actor_ref, t.place, t.stored_at, t.detail, t.entry_id
from audit.event_trail($1::uuid) t
