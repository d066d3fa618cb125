-- Whether the tables are there, with all columns: a daemon may be newer than the database.
select exists (select from pg_catalog.pg_attribute
               where attrelid = pg_catalog.to_regclass('follow_up.sighting') and attname = 'reference_version')
       and exists (select from pg_catalog.pg_attribute
                   where attrelid = pg_catalog.to_regclass('follow_up.case_step') and attname = 'reference_version')
       and pg_catalog.to_regprocedure('follow_up.reports_named(uuid)') is not null
