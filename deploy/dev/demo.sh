#!/usr/bin/env bash
# demo.sh - the whole pipeline at work, on the stack that the environment names: simulated devices, the real
# producers, Kafka, the real consumers, PostgreSQL; then what an auditor would ask for.
#
#   demo.sh [--keep] [--events N]
#
# --keep leaves the consumers and the database; without it only the printed tables remain.
set -euo pipefail

EVENTS=100000
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

# The simulated year is over by the real clock: everything would be reminded of at once.
start_dispatch() {
    process_start "$GUESTS/$RUN-dispatch.id" "$DIR/dispatch.log" \
        "$BIN/gridloop-dispatch" --namespace "$RUN" --database-url "$INGEST_URL" --tick-s 0
}

stop_daemons() {
    local id
    for id in "$GUESTS/$RUN"-*.id; do process_signal "$id" TERM; done
    for id in "$GUESTS/$RUN"-*.id; do
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
    stop_daemons
    exit "$code"
}
trap end EXIT

is_complete() {
    "$BIN/gridloopctl" verify --database-url "$OWNER_URL" --truth "$DIR/truth.tsv" --complete \
        >"$DIR/verify.txt" 2>&1
}

# What was accepted is in the broker when the devices end; the consumers need a moment more.
wait_until_stored() {
    local deadline=$((SECONDS + 120))
    until is_complete; do
        [ "$SECONDS" -lt "$deadline" ] || { cat "$DIR/verify.txt" && return 1; }
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
start_dispatch
echo "their logs: $DIR/consume-*.log, and of what sends the orders: $DIR/dispatch.log"

say "devices: $EVENTS simulated events; one in twenty is sent twice, some come late"
"$BIN/gridloop-simulate" run --seed 410503 --count "$EVENTS" --resend-share 0.05 --namespace "$RUN" --dir "$DIR" \
    --kinds drone_alert,patrol_log,inspection_finding,flight_task -- --log-level error
wait_until_stored

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

say "crews: they read their orders, go there, and send what they do; some give an order back, some are late"
"$BIN/gridloop-simulate" crew --seed 410503 --units BZ-ZFD,S003-ZFD,BG-CGJ --time-lapse 0 --idle-s 5 \
    --namespace "$RUN" --dir "$DIR" -- --log-level error

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

# What an auditor asks, in his words, and the first rows of the answer; about all that was simulated.
read -r FROM_DAY TO_DAY < <(query -At -F ' ' -c "
select min(occurred_at)::date, max(occurred_at)::date + 1 from events.drone_alert")
ask() {
    local answer=$DIR/audit-$2.txt
    "$BIN/gridloopctl" audit "$2" --database-url "$OWNER_URL" --param "from_day=$FROM_DAY" --param "to_day=$TO_DAY" \
        >"$answer"
    say "$1 (gridloopctl audit $2)"
    head -n 7 "$answer"
}

ask "各责任单位现在有多少件超期，最长超了几天？" overdue_by_unit
ask "从空中发现到地面反馈，中位数多长？90%的多长？" time_to_feedback
ask "哪些件到现在没有回音？" unanswered
ask "有没有自己办、自己核查的？" self_checked
ask "三个机库、各类识别的误报率是多少？" false_alarms
ask "计划的航线飞了没有？照片传全了没有？" flights_and_media
ask "记录有没有被改过、删过？" alterations

say "one case from the air to the answer (gridloopctl where)"
"$BIN/gridloopctl" where --database-url "$OWNER_URL" "$(query -At -c "
select case_no from follow_up.case_file where state = 'CLOSED' and standing > 1
order by returned desc, standing, case_id limit 1")" | cut -c1-180

say "the proof: every chain gone through again, sealed, and checked against the seal"
"$BIN/gridloopctl" seal --new-key "$DIR/seal.key"
"$BIN/gridloopctl" seal "$DIR/seal.json" --key-file "$DIR/seal.key" --database-url "$OWNER_URL"
"$BIN/gridloopctl" verify --database-url "$OWNER_URL" --seal "$DIR/seal.json" --public-key-file "$DIR/seal.key.pub"
