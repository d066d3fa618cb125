-- What is known of reports ($1). The report itself always comes with outcome other than waits, so its case is that of
-- any sighting that has one.
select report_id, (pg_catalog.array_agg(case_id) filter (where case_id is not null))[1],
       pg_catalog.bool_or(message = 'report'), pg_catalog.bool_or(message = 'cancel')
from follow_up.sighting
where report_id = any ($1::uuid[])
group by report_id
