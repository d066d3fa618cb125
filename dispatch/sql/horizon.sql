-- All transactions with a lower number are settled: what they wrote is visible from now on, or never.
select pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())
