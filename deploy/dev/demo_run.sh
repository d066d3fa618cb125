# shellcheck shell=bash
# demo_run.sh - everything that the demonstration (demo.sh) needs, and the end of it. It has a stack of its own,
# gone with it; with --keep it uses the stack of `./dev stack`, whose `down` ends what was kept.
set -euo pipefail

demo_end() {
    local code=$?
    trap - EXIT
    trap '' INT TERM
    own_stack_end
    exit "$code"
}

demo_start_stack() {
    if [[ " $* " == *" --keep "* ]]; then
        stack_up
        eval "$(stack_env)"
        return
    fi
    trap demo_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    own_stack_start "$BUILD_DIR/demostack"
}

demo_run() {
    install_all
    build_run release
    demo_start_stack "$@"
    (
        export GRIDLOOP_BUILD=$BUILD_DIR/release
        cd "$ROOT"
        "$BASH" "$ROOT/deploy/dev/demo.sh" "$@"
    )
}
