-- The schemas of these fingerprints, in the order in which they were first asked for. Behind the first 64 or 8 MiB
-- a schema is null: it is there, but is to be asked for again. What is longer than 1 MiB is not read anyway.
with wanted as (
    select fingerprint, pg_catalog.min(position) as position
    from pg_catalog.unnest($1::text[]) with ordinality as w (fingerprint, position)
    group by fingerprint
), found as (
    select fingerprint, position, coalesce(version, 0) as version, pg_catalog.left(schema, 1048577) as schema
    from wanted
    join bus.schema using (fingerprint)
)
select fingerprint,
       version,
       case when pg_catalog.row_number() over so_far <= 64
                 and pg_catalog.sum(pg_catalog.octet_length(schema)) over so_far <= 8388608 then schema end
from found
window so_far as (order by position)
