-- What is asked about one thing, or about how the events came in.

create view audit.completeness as
    select s.source_id, s.topic, s.partition, s.incarnation, p.from_offset, p.next_offset,
           coalesce(b.stored, 0) as stored, coalesce(b.duplicate, 0) as duplicate,
           coalesce(b.dead_letter, 0) as dead_letter, coalesce(b.absent, 0) as absent, coalesce(b.gap, 0) as gap,
           p.next_offset - p.from_offset = coalesce(b.stored + b.duplicate + b.dead_letter + b.absent + b.gap, 0) as holds,
           (select count(*) from bus.gap g where g.source_id = s.source_id and g.accepted_at is null) as open_gaps,
           p.moved_at, h.stored_at as heartbeat_at, p.paused_at
    from bus.source s
    left join bus.progress p using (source_id)
    left join bus.heartbeat h using (source_id)
    left join (select source_id, sum(stored)::bigint as stored, sum(duplicate)::bigint as duplicate,
                      sum(dead_letter)::bigint as dead_letter, sum(absent)::bigint as absent, sum(gap)::bigint as gap
               from bus.batch group by source_id) as b using (source_id)
    order by s.topic, s.partition, s.incarnation;
comment on view audit.completeness is
    'Lookup. For each source: offsets read = stored + duplicate + dead letter + absent + gap? 各来源收支平衡：读取数＝入库＋重复＋死信＋无事件＋缺口？';

create view audit.dead_letters as
    select l.source_id, l.topic_offset, l.kind, l.reason, l.field, l.sqlstate, l.detail, l.event_id, l.value_size,
           encode(l.value_sha256, 'hex') as value_sha256, l.is_kept, l.replay_count, l.recorded_at,
           coalesce(a.action, 'open') as fate, a.actor as acted_by, a.acted_at
    from bus.dead_letter l
    left join lateral (
        select t.action, t.actor, t.acted_at
        from bus.dead_letter_action t
        where t.source_id = l.source_id and t.topic_offset = l.topic_offset
        order by t.action_id desc
        limit 1) as a on true;
comment on view audit.dead_letters is
    'Facts. The messages that could not become events, and what was done with them, without their bytes. 未能入库的消息及其处理，不含原始字节。';

create function audit.rejected(from_at timestamptz default null, until_at timestamptz default null)
    returns setof audit.dead_letters
    language sql stable
    begin atomic
        select l.*
        from audit.dead_letters l
        cross join audit.asked a
        where l.recorded_at >= coalesce(rejected.from_at, a.from_at) and l.recorded_at < coalesce(rejected.until_at, a.until_at)
        order by l.recorded_at, l.source_id, l.topic_offset;
    end;
comment on function audit.rejected(timestamptz, timestamptz) is
    'Lookup. What was set aside between two times (default: the period), with its reason and what was done with it, without its bytes. 某一时段内被搁置的消息、原因及处理，不含原始字节。';

create view audit.trail_entries as
    select null::timestamptz as at, null::timestamptz as stored_at, null::text as entry, null::uuid as entry_id,
           null::uuid as case_id, null::text as place, null::text as actor_ref, null::text as outcome,
           null::text as detail
    where false;
comment on view audit.trail_entries is
    'Helper. The columns of audit.event_trail; never has rows. audit.event_trail 的列定义，本身无行。';

-- Reads the tables themselves, by key, and drills as well: who has the id has asked.
create function audit.event_trail(id uuid) returns setof audit.trail_entries
    language sql stable security definer
    set search_path = ''
    begin atomic
        with the_event as (
            select * from audit.every_event e where e.event_id = id
        ), cases as (
            select c.case_id from follow_up.case_file c where c.case_id = id
            union
            select s.case_id from follow_up.sighting s where s.report_id = id and s.case_id is not null
            union
            select s.case_id from the_event e join follow_up.sighting s using (source_id, topic_offset)
            where s.case_id is not null
            union
            select s.case_id
            from events.patrol_log p join follow_up.sighting s using (source_id, topic_offset)
            where p.category is not null and p.raised_case_ids[1] = id and s.case_id is not null
            union
            select s.case_id from follow_up.case_step s where s.event_id = id and s.case_id is not null
            union
            select s.case_id from follow_up.case_step s where s.named_id = id and s.case_id is not null
            union
            select o.case_id from follow_up.outbox o where o.order_id = id
        ), seen as (
            select s.* from cases c join follow_up.sighting s using (case_id)
            union
            select s.* from follow_up.sighting s where s.report_id = id
            union
            select s.* from the_event e join follow_up.sighting s using (source_id, topic_offset)
        ), acted as (
            select s.* from (select case_id as named_id from cases union select id union select report_id from seen) as n
            join follow_up.case_step s using (named_id)
            union
            select s.* from follow_up.case_step s where s.event_id = id
        ), named as (
            select event_id from the_event union select event_id from seen
            union select event_id from acted where event_id is not null union select id
        ), entries as (
            select e.occurred_at as at, e.stored_at, 'event ' || e.kind as entry, e.event_id as entry_id,
                   null::uuid as case_id, e.source_id || '/' || e.topic_offset as place, e.producer_id as actor_ref,
                   'stored' as outcome,
                   'recorded ' || e.recorded_at || case when e.is_test then ', a drill' else '' end as detail,
                   0 as rank, 0::bigint as seq, 0 as ordinal, 0 as part
            from named n join audit.every_event e using (event_id)
            union all
            select s.counted_at, null, 'sighting', s.event_id, s.case_id, s.source_id || '/' || s.topic_offset, null,
                   s.outcome, concat_ws(', ', 'by ' || s.basis, s.dedup_group || ' version ' || s.rule_version,
                       round(s.distance_m::numeric, 1) || ' m of ' || round(s.radius_m::numeric, 1) || ' m',
                       'beside ' || s.related_case_id,
                       nullif(array_to_string(follow_up.flag_names(s.flags), ' '), '')), 1, s.link_seq, s.ordinal, 0
            from seen s
            union all
            select s.stepped_at, s.recorded_at, 'step ' || s.action, coalesce(s.event_id, s.case_id), s.case_id,
                   s.source_id || '/' || s.topic_offset, s.actor, s.outcome,
                   concat_ws(', ', s.from_state || ' -> ' || s.to_state, s.result, 'version ' || s.case_version, s.reason),
                   2, s.link_seq, s.ordinal, s.place
            from acted s
            union all
            select l.starts_at, l.recorded_at, 'limit', l.case_id, l.case_id, null, null, coalesce(l.reason, 'set'),
                   concat_ws(', ', 'due ' || l.due_at, l.limit_value || ' ' || l.limit_type, 'by ' || l.action,
                             'sent as ' || l.sent_due_at), 3, l.link_seq, 0, l.case_version
            from cases c join follow_up.time_limit l using (case_id)
            union all
            select o.decided_at, o.recorded_at, 'order ' || o.order_kind, o.order_id, o.case_id,
                   t.topic || '/' || t.partition || '/' || t.topic_offset, o.target_unit_code,
                   case when t.order_id is null then 'waits' else 'sent' end,
                   concat_ws(', ', 'version ' || o.case_version, nullif(o.cause, ''), 'due ' || o.due_at,
                             'sent ' || t.sent_at), 4, o.link_seq, 0, o.case_version
            from cases c join follow_up.outbox o using (case_id) left join follow_up.outbox_sent t using (order_id)
            union all
            select l.recorded_at, l.recorded_at, 'dead letter', l.event_id, null, l.source_id || '/' || l.topic_offset,
                   l.acted_by, l.fate, concat_ws(', ', l.reason, l.field, 'acted ' || l.acted_at), 0, 0, 0, 0
            from named n join audit.dead_letters l using (event_id)
            union all
            select d.asked_at, d.asked_at, 'disclosure', null, null, d.key, d.reader, 'asked',
                   'approved by ' || d.approver, 5, 0, 0, 0
            from bus.disclosure d where d.what = 'subject_refs' and d.key = id::text
        )
        select at, stored_at, entry, entry_id, case_id, place, actor_ref, outcome, detail
        from entries
        order by at, seq, ordinal, rank, part, entry_id;
    end;
comment on function audit.event_trail(uuid) is
    'Lookup. Everything about an event, a report, a case or an order, by its id, in order. 按编号列出某事件、报告、案件或指令的全部经过。';

create function audit.repeats(case_id uuid) returns setof audit.sightings
    language sql stable security definer
    set search_path = ''
    begin atomic
        with recursive family as (
            select repeats.case_id as member
            union
            select c.case_id
            from family f
            join follow_up.case_file c on f.member in (c.repeat_of, c.may_repeat, c.merged_into)
        )
        select s.*
        from family f
        join audit.every_sighting s on s.case_id = f.member
        order by s.seen_at, s.link_seq, s.ordinal;
    end;
comment on function audit.repeats(uuid) is
    'Lookup. Every sighting of a case, of the cases merged into it, and of those that repeat it or may. 某案件、并入该案及（疑似）重复该案的全部发现。';

-- ---- what is shown only on record ------------------------------------------------------------------

create view audit.revealed as
    select null::timestamptz as asked_at, null::text as answer, null::integer as item, null::text as content
    where false;
comment on view audit.revealed is
    'Helper. The columns of audit.reveal; never has rows. audit.reveal 的列定义，本身无行。';

create function audit.reveal(what text, key text, purpose text, approver text) returns setof audit.revealed
    language plpgsql volatile security definer
    set search_path = ''
    as $$
declare
    earlier timestamptz;
begin
    if coalesce(btrim(purpose), '') = '' or coalesce(btrim(approver), '') = '' then
        raise exception 'a purpose and an approver have to be named' using errcode = 'invalid_parameter_value';
    elsif lower(btrim(approver)) = lower(session_user) then
        raise exception 'the approver has to be somebody else than the reader'
            using errcode = 'invalid_parameter_value';
    elsif what is null or what not in ('subject_refs', 'dead_letter') then
        raise exception 'what can be revealed: subject_refs, dead_letter' using errcode = 'invalid_parameter_value';
    elsif not coalesce(key ~ case what when 'dead_letter' then '^[0-9]{1,9}/[0-9]{1,18}$'
                                       else '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' end, false) then
        raise exception 'the key of subject_refs is an event_id, that of dead_letter source_id/topic_offset'
            using errcode = 'invalid_parameter_value';
    end if;
    -- A request of another transaction that can be seen is committed.
    select max(d.asked_at) into earlier
    from bus.disclosure d
    where d.what = reveal.what and d.key = reveal.key and d.purpose = reveal.purpose and d.approver = reveal.approver
      and d.reader = session_user and d.transaction <> pg_current_xact_id()
      and d.asked_at > clock_timestamp() - interval '15 minutes';
    insert into bus.disclosure (what, key, purpose, approver) values (what, key, purpose, approver);
    if earlier is null then
        return query select clock_timestamp(), 'recorded: commit, and ask the same again within 15 minutes', null::integer,
                            null::text;
    elsif what = 'subject_refs' then
        return query select clock_timestamp(), 'revealed', r.item::integer, r.ref
                     from events.patrol_log p cross join unnest(p.subject_refs) with ordinality as r (ref, item)
                     where p.event_id = key::uuid order by 3;
    else
        return query select clock_timestamp(), 'revealed', 1, encode(l.value, 'hex')
                     from bus.dead_letter l
                     where l.source_id = split_part(key, '/', 1)::integer
                       and l.topic_offset = split_part(key, '/', 2)::bigint;
    end if;
end
$$;
comment on function audit.reveal(text, text, text, text) is
    'Lookup. Shows what auditors do not see otherwise: subject_refs of a patrol log (key: its event_id), or the bytes of a dead letter in hex (key: source_id/topic_offset). The first call is only recorded (bus.disclosure); the same call in a later transaction shows, and is recorded as well. 查看受限内容（人员代号、死信字节）：首次调用仅作记录，提交后15分钟内再次调用方可查看；每次均留痕。';
