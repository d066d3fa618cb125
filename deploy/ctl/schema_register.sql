-- Registers a writer's own schema. No row: it was there.
insert into bus.schema (kind, version, fingerprint, schema)
values ($1, null, $2, $3)
on conflict (fingerprint) do nothing
returning 1
