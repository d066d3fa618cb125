-- Question 20 and its figures: what the hangars were to fly, flew, and brought home.

create view audit.flights as
    select f.event_id, f.task_id, f.town_code, f.hangar_id, f.route_id, f.flight_id, f.planned_at, f.started_at,
           f.ended_at, f.status, f.reason_code, f.waypoints_planned, f.waypoints_done, f.media_expected,
           f.media_uploaded, f.producer_id, f.recorded_at, f.stored_at, f.source_id, f.topic_offset, f.is_test
    from events.flight_task f
    where (not f.is_test or (select include_test from audit.asked))
      and not exists (select
                      from events.flight_task later
                      where later.task_id = f.task_id and later.producer_id = f.producer_id
                        and (later.recorded_at, later.source_id, later.topic_offset)
                            > (f.recorded_at, f.source_id, f.topic_offset));
comment on view audit.flights is
    'Facts. The tasks of the hangars, each as its latest revision says. 机库任务，每项以最后一次修订为准。';

create view audit.flights_and_media as
    select f.hangar_id, f.route_id, count(*) as planned, count(f.started_at) as flown,
           count(*) - count(f.started_at) as not_flown,
           count(*) filter (where f.started_at is not null and f.status in ('PARTIALLY_DONE', 'FAILED', 'CANCELLED', 'REJECTED',
                                                                            'TIMED_OUT')) as not_to_its_end,
           array_agg(distinct f.reason_code) filter (where f.reason_code is not null) as reasons,
           sum(f.media_expected) as media_expected, sum(f.media_uploaded) as media_uploaded,
           sum(greatest(f.media_expected - coalesce(f.media_uploaded, 0), 0)) as media_missing,
           count(*) filter (where f.started_at is not null and f.media_expected is null) as media_unknown
    from audit.flights f
    cross join audit.asked a
    where f.planned_at >= a.from_at and f.planned_at < a.until_at and f.planned_at < now()
    group by f.hangar_id, f.route_id
    order by f.hangar_id, f.route_id;
comment on view audit.flights_and_media is
    'Question 20. Were the planned routes flown, and did all pictures arrive? Flights planned in the period whose time has come; where the number of pictures is not known that is said apart. 计划的航线飞了没有？照片传全了没有？';

create view audit.kpi_flights as
    select hangar_id, sum(flown)::bigint as flown, sum(planned)::bigint as planned,
           sum(media_uploaded)::bigint as media_uploaded, sum(media_expected)::bigint as media_expected,
           audit.share(sum(flown)::bigint, sum(planned)::bigint) as flown_share,
           audit.share(sum(media_uploaded)::bigint, sum(media_expected)::bigint) as media_share
    from audit.flights_and_media
    group by hangar_id
    order by hangar_id;
comment on view audit.kpi_flights is
    'KPI 16. Flown / planned, and pictures uploaded / expected, by hangar. 航线执行率、影像完整率。';
