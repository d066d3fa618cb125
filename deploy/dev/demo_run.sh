# shellcheck shell=bash
# demo_run.sh - everything that the demonstration (demo.sh) needs, and the end of it.
set -euo pipefail

demo_end() {
    local code=$?
    trap - EXIT
    stack_down
    exit "$code"
}

stack_is_up() {
    stack_use
    process_runs "$STACK_DIR/kafka.id" && process_runs "$STACK_DIR/postgres.id"
}

# A stack that somebody already uses stays up; one that the demonstration started goes with it.
demo_run() {
    install_all
    build_run release
    if [[ " $* " != *" --keep "* ]] && ! stack_is_up; then
        trap demo_end EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM
    fi
    stack_up
    (
        eval "$(stack_env)"
        export GRIDLOOP_BUILD=$BUILD_DIR/release
        cd "$ROOT"
        "$BASH" "$ROOT/deploy/dev/demo.sh" "$@"
    )
}
