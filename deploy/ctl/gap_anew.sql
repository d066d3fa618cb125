-- The log is another one from now on: the source stays where it stands, and one more incarnation begins.
insert into bus.source (cluster_id, topic, topic_id, partition, incarnation)
select cluster_id, topic, topic_id, partition, incarnation + 1 from bus.source where source_id = $1::integer
returning source_id
