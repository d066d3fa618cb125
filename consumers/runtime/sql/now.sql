-- When this transaction began, by the database's clock.
select timestamptz_send(now())
