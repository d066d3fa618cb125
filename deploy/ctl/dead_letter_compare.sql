-- The fields of the stored row with an id (event: a view of its table), and those of another event with it ($2, as
-- JSON; $3: their order), in the same form.
select s.key, s.value, l.value, s.value is distinct from l.value
from event e
cross join lateral pg_catalog.jsonb_each_text(pg_catalog.to_jsonb(e)) with ordinality as s (key, value, place)
join pg_catalog.jsonb_each_text(
         pg_catalog.to_jsonb(pg_catalog.jsonb_populate_record(null::event, $2::jsonb))) as l (key, value)
     using (key)
where e.event_id = $1::uuid and $2::jsonb ? key
order by pg_catalog.array_position($3::text[], key)
