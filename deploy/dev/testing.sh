# shellcheck shell=bash
# testing.sh - the suites. Each run has a stack of its own (own_stack.sh).
#
#   unit    ctest
#   contract pytest tests/contract: schemas, tables and examples
#   differential pytest tests/differential: our decoder and others'
#   bounds  pytest tests/bounds: what bytes may cost the decoder
#   bench   pytest tests/bench: what an event costs in instructions has not grown
#   link    pytest tests/link: linking against an oracle, real repeats and a simulated truth
#   fuzz    pytest tests/fuzz: each target for 20 s
#   e2e     pytest tests/e2e, in several processes (-- -n 0: in one)
#   hostile pytest tests/hostile: the catalogue of bad input, and what became of each line
#   package pytest tests/package: what is installed, used from there; the library; packages for Debian
#   docs    pytest tests/docs: pages and the README, followed
#   compose pytest tests/compose: deploy/compose.yaml on Docker; skipped where there is none
#   NAME    pytest tests/NAME; as above without the tests marked long
#   long    pytest, only those, wherever they are
set -euo pipefail

readonly LONG_SUITES=(e2e differential compose)
# More than processors: most of a test is waiting for something.
readonly E2E_WORKERS=3
# A test that hangs fails, with the place where it did, and the others go on. Seconds, far beyond any that passes.
readonly TEST_LIMIT_S=600 LONG_TEST_LIMIT_S=3600
readonly TEST_RESULTS=$BUILD_DIR/results-$$

test_variants() {
    case $1 in
        unit | contract | differential | bench | bounds | link | docs | package) echo release ;;
        compose) ;;
        fuzz) echo fuzz ;;
        long) printf '%s\n' release points asan ;;
        *) printf '%s\n' release points ;;
    esac
}

# The servers' logs outlive their data.
test_keep_logs() {
    local dir name
    for dir in "$OWN_STACK" "$OWN_STACK-harmed"/*; do
        name=teststack-$$${dir#"$OWN_STACK"}
        [ ! -d "$dir/log" ] || cp -r "$dir/log" "$LOG_DIR/${name//\//-}" || true
    done
}

test_end() {
    local code=$?
    trap - EXIT
    # A second Ctrl-C must not leave half of it running.
    trap '' INT TERM
    rm -rf "$TEST_RESULTS"
    test_keep_logs
    own_stack_end
    exit "$code"
}

test_end_whatever_happens() {
    trap test_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

test_unit() {
    ctest --test-dir "$BUILD_DIR/release" --output-on-failure --no-tests=error \
        --parallel "$(nproc)" --output-junit "$TEST_RESULTS/unit.xml"
}

test_pytest() {
    local suite=$1 limit_s=$TEST_LIMIT_S
    shift
    [ "$suite" != long ] || limit_s=$LONG_TEST_LIMIT_S
    cd "$ROOT"
    PYTHONPYCACHEPREFIX=$BUILD_DIR/pycache "$VENV/bin/python" -m pytest -o "cache_dir=$BUILD_DIR/pytest_cache" \
        --timeout "$limit_s" --timeout-method signal --junitxml "$TEST_RESULTS/$suite.xml" "$@"
}

# Where the suite's tests are, unless the arguments name files themselves.
test_where() {
    local suite=$1 argument
    shift
    for argument in "$@"; do
        [ ! -e "$ROOT/${argument%%::*}" ] || return 0
    done
    printf '%s\n' "$ROOT/tests/$suite"
}

test_suite() {
    local suite=$1 where
    shift
    mapfile -t where < <(test_where "$suite" "$@")
    case $suite in
        unit) test_unit ;;
        long) test_pytest long "${LONG_SUITES[@]/#/$ROOT/tests/}" -m long "$@" ;;
        e2e) test_pytest e2e "${where[@]}" -m 'not long' -n "$E2E_WORKERS" --dist worksteal "$@" ;;
        *) test_pytest "$suite" "${where[@]}" -m 'not long' "$@" ;;
    esac
}

# Prints nothing unless every suite has left its numbers.
test_sum() {
    "$PYTHON" - "$@" <<'END'
import sys
import xml.etree.ElementTree as tree

total = dict.fromkeys(("tests", "failures", "errors", "skipped", "disabled"), 0)
for name in sys.argv[1:]:
    for suite in tree.parse(name).getroot().iter("testsuite"):
        for key in total:
            total[key] += int(suite.get(key) or 0)
failed = total["failures"] + total["errors"]
skipped = total["skipped"] + total["disabled"]
passed = total["tests"] - failed - skipped
print(f"gridloop: {passed} passed, {failed} failed, {skipped} skipped")
END
}

test_close() {
    local failed=$1 suite files=()
    shift
    for suite in "$@"; do
        [ -s "$TEST_RESULTS/$suite.xml" ] || return "$failed"
        files+=("$TEST_RESULTS/$suite.xml")
    done
    test_sum "${files[@]}"
    return "$failed"
}

test_needs_servers() {
    local suite
    for suite in "$@"; do
        case $suite in
            unit | contract | differential | bench | bounds | link | compose) ;;
            *) return 0 ;;
        esac
    done
    return 1
}

test_prepare() {
    local suite variant
    install_all
    for suite in "$@"; do
        for variant in $(test_variants "$suite"); do
            build_variant "$variant"
        done
    done
    test_end_whatever_happens
    mkdir -p "$TEST_RESULTS"
    export GRIDLOOP_BUILD=$BUILD_DIR/release
    export GRIDLOOP_POINTS_BUILD=$BUILD_DIR/points
    export GRIDLOOP_ASAN_BUILD=$BUILD_DIR/asan
    GRIDLOOP_PROMETHEUS=$(prometheus_dir)
    export GRIDLOOP_PROMETHEUS
    if test_needs_servers "$@"; then
        install_prometheus
        own_stack_start "$BUILD_DIR/teststack"
    fi
}

test_known_suite() {
    case $1 in
        unit | e2e | long) ;;
        *) [[ $1 =~ ^[a-z0-9_-]+$ && -d $ROOT/tests/$1 ]] || usage_error "no suite $1" ;;
    esac
}

test_run() {
    local suite failed=0 suites=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        test_known_suite "$1"
        suites+=("$1")
        shift
    done
    [ $# -eq 0 ] || shift
    [ ${#suites[@]} -gt 0 ] || suites=(unit contract differential bounds bench link fuzz e2e hostile package docs compose)
    test_prepare "${suites[@]}"
    for suite in "${suites[@]}"; do
        attempt test_suite "$suite" "$@"
        [ "$ATTEMPT_CODE" -eq 0 ] || failed=1
    done
    test_close "$failed" "${suites[@]}"
}
