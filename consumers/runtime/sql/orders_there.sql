-- Which of these orders ($1) were decided already.
select order_id from follow_up.outbox where order_id = any ($1::uuid[])
