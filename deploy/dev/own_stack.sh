# shellcheck shell=bash
# own_stack.sh - a stack of a run's own, gone with the run: so that two runs in one checkout, and the stack
# that somebody works with, do not disturb each other.
set -euo pipefail

OWN_STACK=

own_stack_remove() {
    GRIDLOOP_STACK_DIR=$1 stack_down --wipe
    rm -f "$1.owner"
}

# A run that was killed could not take its stack down: the next one does.
own_stack_remove_stale() {
    local dir
    for dir in "$1"/*/; do
        dir=${dir%/}
        if [ -d "$dir" ] && [ -e "$dir.owner" ] && process_gone "$dir.owner"; then
            say "removing the stack of a run that was killed: $dir"
            own_stack_remove "$dir"
        fi
    done
}

# own_stack_start FOLDER: starts it and sets the environment.
own_stack_start() {
    mkdir -p "$1"
    with_lock "$BUILD_DIR/lock/own-stacks" own_stack_remove_stale "$1"
    OWN_STACK=$1/$$
    process_identity $$ >"$OWN_STACK.owner"
    export GRIDLOOP_STACK_DIR=$OWN_STACK
    stack_up
    eval "$(stack_env)"
}

own_stack_end() {
    [ -z "$OWN_STACK" ] || own_stack_remove "$OWN_STACK"
}
