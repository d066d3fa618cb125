-- Whether the tables are there: a daemon may be newer than the database.
select pg_catalog.to_regclass('follow_up.named_report') is not null
