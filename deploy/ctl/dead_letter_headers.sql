select h.name, h.value
from bus.dead_letter d, unnest(d.header_names, d.header_values) with ordinality as h (name, value, place)
where d.source_id = $1::integer and d.topic_offset = $2::bigint
order by h.place
