-- Cases that an action opens. What the action made of them is written as of any other.
insert into follow_up.case_file (case_id, kind, case_kind, state, is_test, dedup_group, category_scheme, category_code,
                                 cell, stripe, wgs84_longitude, wgs84_latitude, accuracy_m, unit_code, first_seen_at,
                                 last_seen_at, standing, was_sent, opened_seq, opened_ordinal)
select u.case_id, 'case_action', u.case_kind, u.state, u.is_test, u.case_kind, '', '', u.cell, u.stripe, u.longitude,
       u.latitude, u.accuracy_m, u.unit_code, u.at, u.at, 0, false, u.link_seq, u.ordinal
from unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::bigint[], $6::smallint[],
            $7::double precision[], $8::double precision[], $9::double precision[], $10::text[], $11::timestamptz[],
            $12::bigint[], $13::integer[])
         as u (case_id, case_kind, state, is_test, cell, stripe, longitude, latitude, accuracy_m, unit_code, at,
               link_seq, ordinal)
order by u.case_id
