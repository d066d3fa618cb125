-- Registers a version of the contract. 1: made, or a writer's own schema has become this version; 0: it was there.
-- No row: another schema stands in its place.
with made as (
    insert into bus.schema (kind, version, fingerprint, schema)
    values ($1, $2::integer, $3, $4)
    on conflict do nothing
    returning 1
), numbered as (
    update bus.schema
    set version = $2::integer
    where fingerprint = $3 and kind = $1 and version is null
      and not exists (select from bus.schema where kind = $1 and version = $2::integer)
    returning 1
)
select 1 from made
union all
select 1 from numbered
union all
select 0 from bus.schema where kind = $1 and version = $2::integer and fingerprint = $3
