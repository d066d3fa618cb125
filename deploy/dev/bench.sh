# shellcheck shell=bash
# bench.sh - what is measured: ./dev bench SCENARIO. Each scenario is a function bench_<SCENARIO>.
#
#   decode [PASSES]   an event's decoding beside Avro-C's: tests/bench/decode.c
set -euo pipefail

readonly BENCH_DIR=$BUILD_DIR/bench
readonly BENCH_SCENARIOS=(decode)

bench_decode() {
    local schema folder=$BENCH_DIR/decode
    mkdir -p "$folder"
    "$BUILD_DIR/release/bin/gridloop-simulate" lines --kind drone_alert --count 5000 |
        PYTHONPYCACHEPREFIX=$BUILD_DIR/pycache "$VENV/bin/python" "$ROOT/tests/bench/decode_events.py" "$folder"
    for schema in contract plain; do
        "$BUILD_DIR/release/test/bench_decode" "$folder/$schema.avsc" "$folder/$schema.events" "$@"
    done
}

bench_run() {
    local scenario=${1:-}
    [[ " ${BENCH_SCENARIOS[*]} " == *" $scenario "* && -n $scenario ]] ||
        usage_error "bench: ${BENCH_SCENARIOS[*]}?"
    shift
    install_all
    build_variant release
    "bench_$scenario" "$@"
}
