-- One instance at a time; the lock ends with the session.
select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('gridloop dispatch', 0))::integer
