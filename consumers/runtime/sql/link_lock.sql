-- Takes the stripes, in the order given, until the transaction ends. The first number keeps them apart from other
-- advisory locks ("link" in ASCII).
select pg_catalog.pg_advisory_xact_lock(1818848875, stripe) from unnest($1::integer[]) as stripe
