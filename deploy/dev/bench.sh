# shellcheck shell=bash
# bench.sh - what is measured: ./dev bench [SCENARIO...] [OPTION...]
#
#   decode [PASSES]              an event's decoding beside Avro-C's: tests/bench/decode.c
#   instructions [--accept]      what an event takes, compared: tests/bench/instructions.py
#   all else                     tests/bench/bench.py, which has the list
set -euo pipefail

readonly BENCH_DIR=$BUILD_DIR/bench

bench_python() {
    GRIDLOOP_BUILD=$BUILD_DIR/release PYTHONPYCACHEPREFIX=$BUILD_DIR/pycache \
        "$VENV/bin/python" "$ROOT/tests/bench/$1.py" "${@:2}"
}

bench_decode() {
    local schema folder=$BENCH_DIR/decode
    mkdir -p "$folder"
    "$BUILD_DIR/release/bin/gridloop-simulate" lines --kind drone_alert --count 5000 |
        bench_python decode_events "$folder"
    for schema in contract plain; do
        "$BUILD_DIR/release/test/bench_decode" "$folder/$schema.avsc" "$folder/$schema.events" "$@"
    done
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

bench_run() {
    install_all
    build_variant release
    case ${1:-} in
        decode) bench_decode "${@:2}" ;;
        instructions) bench_python "$@" ;;
        -h | --help) bench_python bench --help ;;
        *)
            bench_own_stack
            bench_python bench "$@"
            ;;
    esac
}
