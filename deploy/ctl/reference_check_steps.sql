-- Faults of the states and steps in force, as reference_check.sql finds those of the other tables. $1, $2: the words that
-- a step may need and mark. Actions, results, kinds and limit types are those of the contract, as registered.
--
-- The paths are looked at for each kind of case, and at each moment from which on other rows hold. Where a kind begins is
-- what linking opens, and the steps from no case. Steps from * do not count as a way on: a case that can only be cancelled
-- is stuck.
with recursive contract as (
    select schema::jsonb as schema from bus.schema where kind = 'case_action' and version is not null
    order by version desc limit 1
), symbol (type, name) as (
    select distinct t, s
    from unnest(array['CaseKind', 'ActionType', 'ActionResult', 'LimitType']) as t
    cross join contract
    cross join lateral jsonb_path_query_array(schema, 'strict $.** ? (@.name == $t).symbols', jsonb_build_object('t', t), true)
        as found
    cross join lateral jsonb_array_elements_text(found -> 0) as s
    where s <> 'UNKNOWN'
), role (name) as (
    values ('COLLECTOR'), ('ACCEPTOR'), ('DISPATCHER'), ('HANDLER'), ('CHECKER'), ('LEADER'), ('platform'), ('*')
), begins (kind, state) as ( -- kind.h: linked.first_state
    values ('DRONE_ALERT', 'REPORTED'), ('PATROL_PROBLEM', 'REPORTED'), ('INSPECTION_FINDING', 'RAISED')
), step as materialized (
    select *, concat_ws(' ', case_kind, coalesce(nullif(from_state, ''), '-'), action, nullif(result, '')) as key
    from reference.transition_in_force
), state as materialized (
    select * from reference.case_state_in_force
), word (key, problem) as (
    select key, 'there is no kind ' || case_kind from step
    where case_kind <> '*' and case_kind not in (select name from symbol where type = 'CaseKind')
    union all
    select key, 'there is no action ' || action from step
    where action not in (select name from symbol where type = 'ActionType')
    union all
    select key, 'there is no result ' || result from step
    where result <> '' and result not in (select name from symbol where type = 'ActionResult')
    union all
    select key, 'there is no role ' || r from step, string_to_table(roles, ' ') r
    where r not in (select name from role)
    union all
    select key, 'nothing can be needed that is called ' || n from step, string_to_table(needs, ' ') n
    where n <> all (string_to_array($1::text, ' '))
    union all
    select key, 'there is no mark ' || m from step, string_to_table(marks, ' ') m
    where m <> all (string_to_array($2::text, ' '))
), moment (at) as (
    select valid_from from step union select valid_to from step
    union select valid_from from state union select valid_to from state
    except select 'infinity'
), row_then as materialized (
    select m.at, k.name as kind, t.*
    from moment m
    join step t on t.valid_from <= m.at and m.at < t.valid_to
    join symbol k on k.type = 'CaseKind' and t.case_kind in ('*', k.name)
), state_then as materialized (
    select m.at, s.state, s.is_open, s.is_terminal
    from moment m join state s on s.valid_from <= m.at and m.at < s.valid_to
), way as materialized ( -- from state to state; of one back from a suspension: to each that leads into it
    select distinct at, kind, s.state as from_state, to_state, r.from_state = '*' as from_any
    from row_then r join state_then s using (at)
    where (r.from_state = s.state or r.from_state = '*' and s.is_open) and to_state not in ('=', '<')
), way_back as materialized (
    select * from way
    union
    select b.at, b.kind, b.from_state, w.from_state, false
    from row_then b join way w on w.at = b.at and w.kind = b.kind and w.to_state = b.from_state
    where b.to_state = '<'
), reached (at, kind, state) as (
    select at, kind, state from moment cross join begins where exists (select from step)
    union
    select at, kind, to_state from row_then where from_state = ''
    union
    select r.at, r.kind, w.to_state
    from reached r join way_back w on w.at = r.at and w.kind = r.kind and w.from_state = r.state
), ending (at, kind, state) as (
    select at, k.name, state from state_then, symbol k where k.type = 'CaseKind' and is_terminal
    union
    select w.at, w.kind, w.from_state
    from ending e join way_back w on w.at = e.at and w.kind = e.kind and w.to_state = e.state and not w.from_any
), fault (table_name, key, problem) as (
    select 'transition', key, problem from word
    union all
    select distinct 'transition', key, 'there is no state ' || s
    from row_then r cross join lateral unnest(array[from_state, to_state]) as s
    where s not in ('', '*', '=', '<') and s not in (select state from state_then t where t.at = r.at)
    union all
    select distinct 'case_state', state, 'is where linking opens cases of kind ' || kind || ', and there is no such state'
    from reached r
    where (kind, state) in (select kind, state from begins) and state not in (select state from state_then t where t.at = r.at)
    union all
    select 'case_state', state, 'may not be open: linking takes such a case for over' from state
    where is_open and state in ('CLOSED', 'FORCED_CLOSED', 'FALSE_ALARM', 'NOT_FILED', 'CANCELLED', 'MERGED')
    union all
    select distinct 'case_state', state, 'is never reached' from state_then s
    where exists (select from step) and not exists (select from reached r where r.at = s.at and r.state = s.state)
    union all
    select 'case_state', state,
           'cannot be left by ' || string_agg(distinct kind, ', ') || ': no way from it leads to the end of the case'
    from reached r
    where state in (select state from state_then t where t.at = r.at)
      and not exists (select from ending e where e.at = r.at and e.kind = r.kind and e.state = r.state)
    group by state
    union all
    select 'time_limit', dedup_group, 'there is no limit type ' || limit_type from reference.time_limit_in_force
    where limit_type not in (select name from symbol where type = 'LimitType')
)
select table_name, key, problem from fault order by table_name, key, problem
