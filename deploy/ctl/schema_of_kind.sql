-- The registered schemas of a kind.
select fingerprint, version, schema from bus.schema where kind = $1 order by version nulls last, fingerprint
