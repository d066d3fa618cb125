# shellcheck shell=bash
# fuzz.sh - libFuzzer over the targets of tests/fuzz.
#
# Runs begin with tests/fuzz/corpus/TARGET and go on with what earlier runs found, under build/fuzz/corpus.
# Whatever fails is kept under build/fuzz/crashes, with the command to run it again.
set -euo pipefail

readonly FUZZ_DIR=$BUILD_DIR/fuzz
readonly FUZZ_SEEDS=$ROOT/tests/fuzz/corpus
readonly FUZZ_AT_ONCE=2
readonly FUZZ_MOST_SEEDS=100

fuzz_targets() {
    local file
    for file in "$ROOT"/tests/fuzz/*_fuzz.c; do
        basename "$file" _fuzz.c
    done
}

fuzz_known() {
    [[ $1 =~ ^[a-z]+$ && -e $ROOT/tests/fuzz/$1_fuzz.c ]] || usage_error "fuzz: no target $1: ./dev fuzz lists them"
}

fuzz_dictionary() {
    local file=$ROOT/tests/fuzz/$1.dict
    [ ! -e "$file" ] || echo "-dict=$file"
}

# The last figures of a run, on one line.
fuzz_summary() {
    sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) second.*/\1 executions in \2 s/p' "$1"
}

# All that a run says is in build/log; a failed one shows where, and how to run it again.
fuzz_run_one() {
    local target=$1 seconds=$2 log=$LOG_DIR/fuzz-$1.log dictionary
    mkdir -p "$FUZZ_DIR/corpus/$target" "$FUZZ_DIR/crashes" "$LOG_DIR"
    dictionary=$(fuzz_dictionary "$target")
    attempt logged "$log" "$FUZZ_DIR/fuzz/${target}_fuzz" ${dictionary:+"$dictionary"} \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$FUZZ_DIR/crashes/$target-" "$FUZZ_DIR/corpus/$target" "$FUZZ_SEEDS/$target"
    if [ "$ATTEMPT_CODE" -ne 0 ]; then
        grep -E 'must hold|ERROR|runtime error|Test unit written' "$log" >&2 || true
        say "$target failed; all of it is in $log. To run it again:"
        sed -n "s|.*Test unit written to |  $FUZZ_DIR/fuzz/${target}_fuzz |p" "$log" >&2
        return 1
    fi
    printf '%-10s %s\n' "$target" "$(fuzz_summary "$log")"
}

# Two at a time, because of two cores.
fuzz_run_all() {
    local seconds=$1 target failed=0 jobs=()
    for target in $(fuzz_targets); do
        if [ "${#jobs[@]}" -ge "$FUZZ_AT_ONCE" ]; then
            wait "${jobs[0]}" || failed=1
            jobs=("${jobs[@]:1}")
        fi
        fuzz_run_one "$target" "$seconds" &
        jobs+=($!)
    done
    for target in "${jobs[@]}"; do
        wait "$target" || failed=1
    done
    return "$failed"
}

# fuzz_keep TARGET FOLDER...: the smallest inputs of these that reach all that they reach together become the
# seeds; of more than FUZZ_MOST_SEEDS the smallest.
fuzz_keep() {
    local target=$1 kept=$FUZZ_SEEDS/$1 new=$FUZZ_DIR/merged-$1
    rm -rf "$new"
    mkdir -p "$new"
    step "fuzz-keep-$target" "choosing seeds of $target" "$FUZZ_DIR/fuzz/${target}_fuzz" -merge=1 "$new" "${@:2}"
    rm -rf "$kept"
    mkdir -p "$kept"
    find "$new" -type f -printf '%s %p\n' | sort -n | head -n "$FUZZ_MOST_SEEDS" | cut -d' ' -f2- |
        xargs -d '\n' -r cp -t "$kept" --
    rm -rf "$new"
}

fuzz_seeds() {
    local target
    install_venv
    rm -rf "$FUZZ_DIR/seeds"
    "$VENV/bin/python" "$ROOT/tests/fuzz/seeds.py" "$FUZZ_DIR/seeds"
    for target in $(fuzz_targets); do
        fuzz_keep "$target" "$FUZZ_DIR/seeds/$target"
    done
}

fuzz_run() {
    local target=${1:-} seconds=${2:-60}
    [[ $seconds =~ ^[0-9]+$ ]] || usage_error "fuzz: how many seconds?"
    case $target in
        '')
            fuzz_targets
            return
            ;;
        all | seeds) ;;
        *) fuzz_known "$target" ;;
    esac
    build_run fuzz
    case $target in
        all) fuzz_run_all "$seconds" ;;
        seeds) fuzz_seeds ;;
        *) fuzz_run_one "$target" "$seconds" ;;
    esac
}
