-- The number of this list of columns. No row: another session is just making it; ask again.
with made as (
    insert into bus.layout (table_name, columns)
    values ($1::text, $2::text[])
    on conflict do nothing
    returning layout_id
)
select layout_id from made
union all
select layout_id from bus.layout where table_name = $1 and columns = $2::text[]
limit 1
