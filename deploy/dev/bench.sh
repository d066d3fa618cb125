# shellcheck shell=bash
# bench.sh - what is measured: ./dev bench [SCENARIO...] [OPTION...]
#
#   decode [PASSES]              an event's decoding beside Avro-C's: tests/bench/decode.c
#   instructions [--accept]      what an event takes, compared: tests/bench/instructions.py
#   all else                     tests/bench/bench.py, which has the list
set -euo pipefail

readonly BENCH_DIR=$BUILD_DIR/bench
readonly BASELINES=$ROOT/tests/bench/baselines

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

# ---- what the scenario baselines runs beside a daemon ----

# baseline_compile FOLDER WORK: a folder without programs has jars alone.
baseline_compile() {
    local programs
    mapfile -t programs < <(find "$1" -name '*.java')
    mkdir "$2/classes"
    [ "${#programs[@]}" -eq 0 ] ||
        "$(find_java)/bin/javac" --release "$JAVA_MINIMUM" -cp "$2/jars/*" -d "$2/classes" "${programs[@]}"
}

# baseline_install NAME: without it the scenario says so and measures the others.
baseline_install() {
    local dir
    dir=$(cache_dir)/baseline-$1-$(checksum "$BASELINES/$1"/*)
    attempt have_folder "$dir" "baseline-$1" "fetching $1" \
        fetch_jars "$dir" "$BASELINES/$1/pom.xml" baseline_compile "$BASELINES/$1"
    [ "$ATTEMPT_CODE" -ne 0 ] || export "GRIDLOOP_BASELINE_${1^^}=$dir"
}

# The tests and the demo need no Java compiler.
install_jdk() {
    apt_get update
    apt_get install --no-install-recommends default-jdk-headless
}

bench_baselines() {
    [ -x "$(find_java)/bin/javac" ] || step jdk "installing a Java compiler" install_jdk
    GRIDLOOP_JAVA=$(find_java)/bin/java
    export GRIDLOOP_JAVA
    baseline_install flink
    baseline_install connect
}

bench_run() {
    install_all
    build_variant release
    case ${1:-} in
        decode) bench_decode "${@:2}" ;;
        instructions) bench_python "$@" ;;
        -h | --help) bench_python bench --help ;;
        *)
            [[ " $* " != *" baselines "* ]] || bench_baselines
            bench_own_stack
            bench_python bench "$@"
            ;;
    esac
}
