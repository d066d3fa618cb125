-- The batches and gaps whose rows cannot be read in the columns in which they were written.
insert into fault
select 'chain', source_id, from_offset, next_offset, null,
       pg_catalog.format('bus.layout: rows of layout %s and dead letters of layout %s cannot be read as they were written',
                         coalesce($1::integer::text, '-'), coalesce($2::integer::text, '-'))
from chain_link
where layout_id is not distinct from $1 and dead_letter_layout_id is not distinct from $2
order by source_id, place
limit 1000
