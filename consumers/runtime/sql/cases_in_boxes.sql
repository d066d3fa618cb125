-- The accurate cases of groups in cells that lie in a box, but for those that no window reaches: an open one that was seen
-- last before since_open, one that is over and was not stirred since since_over. A merged one stands for its head. The
-- columns are those of cases_by_id.sql.
select c.case_id, c.life, c.state, c.case_version, c.is_test, c.dedup_group, c.stripe,
       c.wgs84_longitude, c.wgs84_latitude, c.accuracy_m, c.place_key, c.round_code, c.unit_code,
       c.first_seen_at, c.last_seen_at, c.reopened_at, c.handled_at, c.closed_at,
       c.standing, c.muted, c.mute_lifted, c.was_sent, c.merged_into, c.opened_seq, c.opened_ordinal
from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::timestamptz[],
            $5::double precision[], $6::double precision[], $7::double precision[], $8::double precision[])
         as n (dedup_group, cell, since_open, since_over, west, south, east, north)
join follow_up.case_file c
     on c.dedup_group = n.dedup_group and c.cell = n.cell and c.wgs84_latitude between n.south and n.north
where c.accuracy_m <= 10 and c.wgs84_longitude between n.west and n.east
  and case c.life
          when 'open' then greatest(c.last_seen_at, c.reopened_at) >= n.since_open
          when 'merged' then true
          when 'cancelled' then false
          else greatest(c.last_seen_at, c.reopened_at, c.handled_at, c.closed_at) >= n.since_over
      end
