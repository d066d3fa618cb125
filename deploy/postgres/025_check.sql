-- Daemons' role may see which migrations were applied, so that gridloopctl check tells what is missing to who looks with
-- the daemons' own settings.

grant select on bus.migration to gridloop_ingest;
