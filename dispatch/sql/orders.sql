-- Of each case the first order that is not sent, as the line of JSON that the contract wants: so one that follows from
-- another is sent only when that one is noted as sent. $1: transactions below it have nothing left; $2: how many orders
-- are looked at.
with waiting as (
    select o.*
    from follow_up.outbox o
    where o.written_in >= $1::text::xid8
      and not exists (select from follow_up.outbox_sent s where s.order_id = o.order_id)
    order by o.link_seq, o.case_id, o.case_version, o.order_kind desc, o.cause
    limit $2::bigint
), first as (
    select distinct on (w.case_id) w.*
    from waiting w
    order by w.case_id, w.link_seq, w.case_version, w.order_kind desc, w.cause
)
select o.order_id,
       pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'event_id', o.order_id,
           'occurred_at', o.decided_at,
           'recorded_at', o.recorded_at,
           'producer_id', 'gridloop-dispatch',
           'is_test', o.is_test,
           'order_id', o.order_id,
           'order_kind', o.order_kind,
           'cause', nullif(o.cause, ''),
           'case_id', o.case_id,
           'case_no', c.case_no,
           'case_kind', c.case_kind,
           'case_version', o.case_version,
           'target_unit_code', o.target_unit_code,
           'category_scheme', case when c.category_code <> '' then nullif(c.category_scheme, '') end,
           'category_code', case when c.category_scheme <> '' then nullif(c.category_code, '') end,
           'wgs84_longitude', c.wgs84_longitude,
           'wgs84_latitude', c.wgs84_latitude,
           'accuracy_m', c.accuracy_m,
           'due_at', o.due_at,
           'limit_type', case when o.limit_value is not null then o.limit_type end,
           'limit_value', case when o.limit_type is not null then o.limit_value end,
           'summary', pg_catalog.concat_ws(' ', c.case_no, coalesce(k.name, nullif(c.category_code, ''))),
           'photo_keys', case when c.photo_key is null then '[]'::json
                              else pg_catalog.json_build_array(c.photo_key) end))
from first o
join follow_up.case_file c using (case_id)
left join lateral (
    select k.name
    from reference.category_in_force k
    where k.scheme = c.category_scheme and k.code = c.category_code
      and k.valid_from <= o.decided_at and o.decided_at < k.valid_to
    order by k.name
    limit 1) k on true
order by o.link_seq, o.case_id
