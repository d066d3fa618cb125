# shellcheck shell=bash
# bench.sh - what is measured: ./dev bench [SCENARIO...] [OPTION...]
#
#   decode [PASSES]              an event's decoding beside Avro-C's: tests/bench/decode.c
#   instructions [--accept]      what an event takes, compared: tests/bench/instructions.py
#   link [OPTION...]             alerts with linking beside the limit: tests/bench/link.py
#   rows [--json] [REPETITIONS]  batches with refused rows beside clean ones: tests/bench/rows.c
#   all else                     tests/bench/bench.py, which has the list
set -euo pipefail

readonly BENCH_DIR=$BUILD_DIR/bench

bench_decode() {
    local schema folder=$BENCH_DIR/decode
    mkdir -p "$folder"
    "$BUILD_DIR/release/bin/gridloop-simulate" lines --kind drone_alert --count 5000 |
        PYTHONPYCACHEPREFIX=$BUILD_DIR/pycache "$VENV/bin/python" "$ROOT/tests/bench/decode_events.py" "$folder"
    for schema in contract plain; do
        "$BUILD_DIR/release/test/bench_decode" "$folder/$schema.avsc" "$folder/$schema.events" "$@"
    done
}

bench_instructions() {
    GRIDLOOP_BUILD=$BUILD_DIR/release PYTHONPYCACHEPREFIX=$BUILD_DIR/pycache \
        "$VENV/bin/python" "$ROOT/tests/bench/instructions.py" "$@"
}

bench_end() {
    local code=$?
    trap - EXIT
    trap '' INT TERM
    own_stack_end
    exit "$code"
}

bench_own_stack() {
    trap bench_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    own_stack_start "$BUILD_DIR/benchstack"
}

bench_link() {
    bench_own_stack
    GRIDLOOP_BUILD=$BUILD_DIR/release PYTHONPYCACHEPREFIX=$BUILD_DIR/pycache \
        "$VENV/bin/python" "$ROOT/tests/bench/link.py" "$@"
}

# A database as gridloopctl makes it, on servers of this run's own, whose event table refuses some rows.
bench_rows_database() {
    local url=$1
    psql -X -q "$GRIDLOOP_DATABASE_URL" -c 'create database bench'
    "$BUILD_DIR/release/bin/gridloopctl" setup --database-url "$url" --namespace bench
    psql -X -q "$url" -c "alter table events.patrol_log
        add constraint not_refused check (remark is distinct from 'refused')"
}

bench_rows() {
    local form=table url
    if [ "${1:-}" = --json ]; then
        form=json
        shift
    fi
    bench_own_stack
    url=${GRIDLOOP_DATABASE_URL%/*}/bench
    step bench-rows "making the database" bench_rows_database "$url"
    "$BUILD_DIR/release/bin/gridloop-simulate" lines --kind patrol_log --count 10000 |
        "$BUILD_DIR/release/test/bench_rows" "${url/gridloop@/gridloop_ingest@}" "${1:-11}" "$form"
}

# Daemons beside their limits, on servers of their own.
bench_daemons() {
    bench_own_stack
    GRIDLOOP_BUILD=$BUILD_DIR/release PYTHONPYCACHEPREFIX=$BUILD_DIR/pycache \
        "$VENV/bin/python" "$ROOT/tests/bench/bench.py" "$@"
}

bench_run() {
    install_all
    build_variant release
    case ${1:-} in
        decode | instructions | link | rows) "bench_$1" "${@:2}" ;;
        *) bench_daemons "$@" ;;
    esac
}
