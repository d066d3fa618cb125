#!/usr/bin/env bash
# demo.sh - the last three days of a district, in about a minute, on the stack that the environment names: simulated
# devices, the real producers, Kafka, the real consumers, PostgreSQL, orders, crews; then what an auditor would ask for.
#
#   demo.sh [--keep] [--events N]
#
# N: about so many events, of drones, patrols and inspectors; the flights come beside them.
# --keep leaves the consumers and the database; without it only the printed tables remain.
set -euo pipefail

EVENTS=60000
readonly DAYS=3
KEEP=
while [ $# -gt 0 ]; do
    case $1 in
        --keep) KEEP=1 ;;
        --events) EVENTS=${2:?--events needs a number} && shift ;;
        *) echo "demo: unknown argument $1" >&2 && exit 64 ;;
    esac
    shift
done

# shellcheck source=deploy/dev/process.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/process.sh"

# Each run is a world of its own (database, topics), so that its two equations stand alone.
RUN=demo$(date +%s)$$
DIR=$PWD/build/demo/$RUN
BIN=$GRIDLOOP_BUILD/bin
ADMIN_URL=$GRIDLOOP_DATABASE_URL
OWNER_URL=${GRIDLOOP_DATABASE_URL%/*}/$RUN
INGEST_URL=${OWNER_URL/\/\/gridloop@/\/\/gridloop_ingest@}
GUESTS=$GRIDLOOP_STACK_DIR/guests
mkdir -p "$DIR" "$GUESTS"

say() { printf '\n== %s\n' "$*"; }

query() { psql -X -q "$OWNER_URL" -P pager=off -P footer=off "$@"; }

# The daemons are guests of the stack: whoever takes it down ends them first.
start_consumer() {
    process_start "$GUESTS/$RUN-$1-$2.id" "$DIR/consume-$1-$2.log" \
        "$BIN/gridloop-consume-$1" --namespace "$RUN" --database-url "$INGEST_URL" --linger-ms 100
}

start_dispatch() {
    process_start "$GUESTS/$RUN-dispatch.id" "$DIR/dispatch.log" \
        "$BIN/gridloop-dispatch" --namespace "$RUN" --database-url "$INGEST_URL" --tick-s "$1"
}

stop_daemons() {
    local id
    for id in "$@"; do process_signal "$id" TERM; done
    for id in "$@"; do
        while process_runs "$id"; do sleep 0.1; done
        rm -f "$id"
    done
}

end() {
    local code=$?
    trap - EXIT
    if [ -n "$KEEP" ] && [ "$code" -eq 0 ]; then
        echo
        echo "kept: the daemons, and psql $OWNER_URL; ./dev stack down ends them and the servers"
        exit 0
    fi
    stop_daemons "$GUESTS/$RUN"-*.id
    exit "$code"
}
trap end EXIT

is_complete() {
    "$BIN/gridloopctl" verify --database-url "$OWNER_URL" --truth "$DIR/truth.tsv" --complete \
        >"$DIR/verify.txt" 2>&1
}

are_actions_stored() { [ "$(query -At -c "select count(*) from events.case_action")" -eq "$ACTIONS" ]; }

# Whoever is late has been told so, and what was decided on is sent.
are_reminders_sent() {
    [ "$(query -At -c "
select (select count(*) from follow_up.case_file c
        where c.life = 'open' and c.order_unit_code is not null and c.due_at <= now()
          and not exists (select from follow_up.outbox o
                          where o.case_id = c.case_id and o.case_version = c.due_version and o.cause = 'due'))
     + (select count(*) from follow_up.outbox) - (select count(*) from follow_up.outbox_sent)")" -eq 0 ]
}

# What was accepted is in the broker when a device ends; the daemons need a moment more.
wait_until() {
    local deadline=$((SECONDS + 120))
    until "$1"; do
        [ "$SECONDS" -lt "$deadline" ] || { echo "demo: not in time: $1" >&2 && return 1; }
        sleep 0.2
    done
}

psql -X -q "$ADMIN_URL" -c "create database $RUN"

say "set up: schemas, roles, topics"
"$BIN/gridloopctl" setup --namespace "$RUN" --database-url "$OWNER_URL"

say "reference data: areas (all invented), units, categories, rules, steps of cases, the calendar"
"$BIN/gridloopctl" reference load --database-url "$OWNER_URL" deploy/reference/beiguan/areas.geojson \
    deploy/reference/beiguan/*.csv

say "consumers: two share the drone alerts, one each for the other kinds"
for program in "$BIN"/gridloop-consume-*; do start_consumer "${program##*/gridloop-consume-}" 1; done
start_consumer drone-alert 2
start_dispatch 0
echo "their logs: $DIR/consume-*.log, and of what sends the orders: $DIR/dispatch.log"

# Of 100 events that happen 12 are actions: here those are the crews'.
UNTIL=$(date -u +%FT%TZ)
START=$(date -u -d "$UNTIL - $DAYS days" +%FT%TZ)
say "devices: $DAYS days, from $START until now; one line in twenty is sent twice, some come late"
"$BIN/gridloop-simulate" run --seed 410503 --start "$START" --until "$UNTIL" \
    --day-events $((EVENTS * 100 / 88 / DAYS)) --resend-share 0.05 --namespace "$RUN" --dir "$DIR" \
    --kinds drone_alert,patrol_log,inspection_finding,flight_task -- --log-level error
wait_until is_complete

say "both equations, against what the devices were told was accepted (gridloopctl verify)"
cat "$DIR/verify.txt"

say "who read what: the two consumers of drone alerts share six partitions"
query -c "
select replace(s.topic, '$RUN.', '') as topic, p.owner, count(*) as partitions, sum(b.stored) as stored,
       sum(b.duplicate) as duplicate, sum(b.batches) as batches
from bus.progress p
join bus.source s using (source_id)
join (select source_id, sum(stored) stored, sum(duplicate) duplicate, count(*) batches
      from bus.batch group by source_id) b using (source_id)
group by 1, 2 order by 1, 2"

say "the last alerts (synthetic)"
query -c "
select occurred_at at time zone 'Asia/Shanghai' as occurred, alert_id, detector_label, round(confidence::numeric, 2) as confidence,
       round(longitude::numeric, 5) as longitude, round(latitude::numeric, 5) as latitude, severity
from events.drone_alert order by occurred_at desc limit 5"

say "where they lie, whatever the device said (areas are synthetic; - is outside of every community)"
query -c "
select coalesce(located_community_code, '-') as community, a.name, count(*) as alerts,
       count(distinct located_grid_code) as grids, min(located_version) as version
from events.drone_alert e left join reference.area_in_force a on a.code = e.located_community_code
group by 1, 2 order by alerts desc limit 8"

say "what is one thing: reports, and the cases that they belong to"
query -c "
select kind, outcome, count(*) as reports, count(distinct case_id) as cases,
       round(avg(distance_m)::numeric, 1) as metres_off, max(distance_m)::integer as at_most
from follow_up.sighting group by kind, outcome order by kind, reports desc"

say "crews: what they did about their orders until now; some gave an order back, some were late, some are on their way"
"$BIN/gridloop-simulate" crew --seed 410503 --units BZ-ZFD,S003-ZFD,BG-CGJ --time-lapse 0 --until "$UNTIL" --idle-s 4 \
    --namespace "$RUN" --dir "$DIR" -- --log-level error | tee "$DIR/crews.txt"
read -r _ _ ACTIONS _ <"$DIR/crews.txt"
wait_until are_actions_stored

# Only now: while three days come in within seconds, everything would be late.
say "the clock: who has not answered in time, or soon will not have, is reminded"
stop_daemons "$GUESTS/$RUN-dispatch.id"
start_dispatch 1
wait_until are_reminders_sent
query -c "
select o.target_unit_code as unit, o.cause, count(*) as reminders, round(max(
           extract(epoch from o.decided_at - o.due_at) / 3600)::numeric, 1) as hours_past_the_limit
from follow_up.outbox o where o.order_kind = 'REMIND' group by 1, 2 order by 1, 2"
"$BIN/gridloop-orders" --once --unit BZ-ZFD --state "$DIR/orders-BZ-ZFD.db" --namespace "$RUN" >"$DIR/reminders.jsonl"
echo "as the app of a crew gets them (gridloop-orders --once --unit BZ-ZFD): $(wc -l <"$DIR/reminders.jsonl") lines, as"
head -n 1 "$DIR/reminders.jsonl"

say "orders to the ground"
query -c "
select o.target_unit_code as unit, o.order_kind, count(*) as orders, count(s.order_id) as sent,
       count(distinct o.case_id) as cases
from follow_up.outbox o left join follow_up.outbox_sent s using (order_id) group by 1, 2 order by 1, 2"

say "how the cases stand that somebody was sent to: answered, and put right in time"
query -c "
select state, count(*) as cases, count(answered_at) as answered, count(checked_at) as checked,
       count(*) filter (where handled_at <= due_at) as in_time, count(*) filter (where handled_at > due_at) as late,
       sum(returned) as given_back, sum(reworked) as reworked
from follow_up.case_file where was_sent group by state order by cases desc"

say "what became of each action"
query -c "
select outcome, coalesce(reason, '-') as reason, count(*) as steps from follow_up.case_step group by 1, 2 order by 3 desc"

say "what was done about cases"
query -c "
select action_type, count(*) as actions, count(distinct case_id) as cases,
       min(occurred_at at time zone 'Asia/Shanghai') as first, max(occurred_at at time zone 'Asia/Shanghai') as last
from events.case_action group by action_type order by actions desc limit 8"

# Three days came in within seconds: PostgreSQL has not yet looked at its tables by itself, and would plan for empty ones.
query -c "set client_min_messages = error" -c "analyze" # the tables of the server itself are not ours

# What an auditor asks, in his words, and the first rows of the answer.
ask() {
    local answer=$DIR/audit-$2.txt
    "$BIN/gridloopctl" audit "$2" --database-url "$OWNER_URL" >"$answer"
    say "$1 (gridloopctl audit $2)"
    head -n 7 "$answer"
}

ask "各责任单位现在有多少件超期，最长超了几天？" overdue_by_unit
ask "从空中发现到地面反馈，中位数多长？90%的多长？" time_to_feedback
ask "哪些件到现在没有回音？" unanswered
ask "结案后30天内又被飞机拍到的有哪些？" seen_after_closing
ask "有没有自己办、自己核查的？" self_checked
ask "三个机库、各类识别的误报率是多少？" false_alarms
ask "计划的航线飞了没有？照片传全了没有？" flights_and_media
ask "20个网格近30天各有几次民警到场、几次晚间错时？" grid_presence
ask "件件有回音、件件有落实：各单位各是多少？" kpi_answered
ask "记录有没有被改过、删过？" alterations

say "one case from the air to the answer (gridloopctl where)"
"$BIN/gridloopctl" where --database-url "$OWNER_URL" "$(query -At -c "
select case_no from follow_up.case_file where state = 'CLOSED' and standing > 1
order by returned desc, standing, case_id limit 1")" | cut -c1-180

say "the cases once more, decided anew from the stored events (gridloopctl rebuild follow-up --check)"
"$BIN/gridloopctl" rebuild follow-up --check --database-url "$OWNER_URL"

say "the proof: every chain gone through again, sealed, and checked against the seal"
"$BIN/gridloopctl" seal --new-key "$DIR/seal.key"
"$BIN/gridloopctl" seal "$DIR/seal.json" --key-file "$DIR/seal.key" --database-url "$OWNER_URL"
"$BIN/gridloopctl" verify --database-url "$OWNER_URL" --seal "$DIR/seal.json" --public-key-file "$DIR/seal.key.pub"
