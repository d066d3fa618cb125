-- After the last lock: what conflicts is in this order.
select pg_catalog.nextval('follow_up.link_seq')
