# shellcheck shell=bash
# testing.sh - the suites. Each run has a stack of its own, so that two runs in one checkout, and the
# stack somebody works with, do not disturb each other.
#
#   unit    ctest
#   contract pytest tests/contract: schemas, tables and examples
#   e2e     pytest tests/e2e without the tests marked long
#   long    pytest tests/e2e, only those
#   NAME    pytest tests/NAME
set -euo pipefail

readonly TEST_STACKS=$BUILD_DIR/teststack
readonly TEST_RESULTS=$BUILD_DIR/results-$$
TEST_STACK=

test_variants() {
    case $1 in
        unit) echo release ;;
        long) printf '%s\n' release points asan ;;
        *) printf '%s\n' release points ;;
    esac
}

# A run that was killed could not take its stack down: the next one does.
test_remove_stale_stacks() {
    local dir
    for dir in "$TEST_STACKS"/*/; do
        dir=${dir%/}
        if [ -d "$dir" ] && process_gone "$dir.owner"; then
            say "removing the stack of a test run that was killed: $dir"
            test_remove_stack "$dir"
        fi
    done
}

test_remove_stack() {
    GRIDLOOP_STACK_DIR=$1 stack_down --wipe
    rm -f "$1.owner"
}

# The servers' logs outlive their data.
test_keep_logs() {
    local logs=$LOG_DIR/teststack
    rm -rf "$logs"
    [ ! -d "$TEST_STACK/log" ] || cp -r "$TEST_STACK/log" "$logs"
}

test_end() {
    local code=$?
    trap - EXIT
    # A second Ctrl-C must not leave half of it running.
    trap '' INT TERM
    rm -rf "$TEST_RESULTS"
    if [ -n "$TEST_STACK" ]; then
        test_keep_logs
        test_remove_stack "$TEST_STACK"
    fi
    exit "$code"
}

test_end_whatever_happens() {
    trap test_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

test_start_stack() {
    mkdir -p "$TEST_STACKS"
    with_lock "$BUILD_DIR/lock/teststacks" test_remove_stale_stacks
    TEST_STACK=$TEST_STACKS/$$
    process_identity $$ >"$TEST_STACK.owner"
    export GRIDLOOP_STACK_DIR=$TEST_STACK
    stack_up
    eval "$(stack_env)"
}

test_unit() {
    ctest --test-dir "$BUILD_DIR/release" --output-on-failure --no-tests=error \
        --parallel "$(nproc)" --output-junit "$TEST_RESULTS/unit.xml"
}

test_pytest() {
    local suite=$1
    shift
    cd "$ROOT"
    PYTHONPYCACHEPREFIX=$BUILD_DIR/pycache "$VENV/bin/python" -m pytest \
        -o "cache_dir=$BUILD_DIR/pytest_cache" --junitxml "$TEST_RESULTS/$suite.xml" "$@"
}

test_suite() {
    local suite=$1
    shift
    case $suite in
        unit) test_unit ;;
        e2e) test_pytest e2e "$ROOT/tests/e2e" -m 'not long' "$@" ;;
        long) test_pytest long "$ROOT/tests/e2e" -m long "$@" ;;
        *) test_pytest "$suite" "$ROOT/tests/$suite" "$@" ;;
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
    [ "$*" = unit ] || test_start_stack
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
    [ ${#suites[@]} -gt 0 ] || suites=(unit contract e2e)
    test_prepare "${suites[@]}"
    for suite in "${suites[@]}"; do
        attempt test_suite "$suite" "$@"
        [ "$ATTEMPT_CODE" -eq 0 ] || failed=1
    done
    test_close "$failed" "${suites[@]}"
}
