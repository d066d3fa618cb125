# shellcheck shell=bash
# own_stack.sh - a stack of a run's own, gone with the run: so that two runs in one checkout, and the stack
# that somebody works with, do not disturb each other. Beside it may stand others (in the folder that ends in
# -harmed), for tests that stop servers while others need theirs: they start them.
set -euo pipefail

OWN_STACK=

own_stack_remove() {
    local dir
    for dir in "$1-harmed"/*/ "$1"; do
        [ ! -d "$dir" ] || GRIDLOOP_STACK_DIR=${dir%/} stack_down --wipe
    done
    rm -rf "$1-harmed" "$1.owner"
}

# A run that was killed could not take its stack down: the next one does.
own_stack_remove_stale() {
    local owner
    for owner in "$1"/*.owner; do
        if [ -e "$owner" ] && process_gone "$owner"; then
            say "removing the stack of a run that was killed: ${owner%.owner}"
            own_stack_remove "${owner%.owner}"
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
