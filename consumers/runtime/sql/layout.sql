-- The number of this list of columns and types. No row: another session is just making it; ask again. Looked for
-- first, because a conflict would use up a number too.
with found as (
    select layout_id from bus.layout
    where table_name = $1::text and columns = $2::text[] and column_types = $3::text[]
), made as (
    insert into bus.layout (table_name, columns, column_types)
    select $1, $2::text[], $3::text[]
    where not exists (select from found)
    on conflict do nothing
    returning layout_id
)
select layout_id from found
union all
select layout_id from made
