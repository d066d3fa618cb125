-- Every registered writer schema, kind by kind, versions before writers' own schemas.
select kind, version, fingerprint, to_char(registered_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as registered_at
from bus.schema
order by kind, version nulls last, registered_at, fingerprint
