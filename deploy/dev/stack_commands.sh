# shellcheck shell=bash
# stack_commands.sh - what can be asked of a stack.
set -euo pipefail

# One at a time for each stack.
stack_locked() {
    stack_use
    with_lock "$BUILD_DIR/lock/stack-$(checksum - <<<"$STACK_DIR")" "$@"
}

stack_start_both() {
    stack_prepare
    kafka_up
    postgres_up
}

stack_up() {
    install_packages_locked
    install_kafka_jars
    stack_locked stack_start_both
}

# Programs that somebody left at work on this stack (demo --keep) end before their servers do.
stack_stop_guests() {
    local id
    for id in "$STACK_DIR"/guests/*.id; do
        [ -e "$id" ] || continue
        process_signal "$id" TERM
        wait_until 30 process_gone "$id" || process_signal "$id" KILL
        rm -f "$id"
    done
}

stack_stop_both() {
    stack_stop_guests
    kafka_stop
    postgres_stop
}

stack_remove_data() {
    [ -e "$STACK_DIR/$STACK_MARK" ] || return 0
    rm -rf -- "$STACK_DATA" "$STACK_DIR"
}

stack_down() {
    stack_locked stack_stop_both
    [ "${1:-}" != --wipe ] || stack_locked stack_remove_data
}

stack_server_row() {
    local name=$1 pid port state=running
    pid=$(process_pid "$STACK_DIR/$name.id") || state=stopped pid=-
    if [ "$state" = running ] && ! "${name}_ready"; then
        state=starting
    fi
    port=$(port_of "$name") || port=-
    printf '%-10s %-9s %-8s 127.0.0.1:%s\n' "$name" "$state" "$pid" "$port"
    [ "$state" = running ]
}

stack_status() {
    local code=0
    stack_use
    printf '%-10s %-9s %-8s %s\n' server state pid address
    stack_server_row kafka || code=3
    stack_server_row postgres || code=3
    return "$code"
}

stack_missing() {
    die "no stack under $STACK_DIR: ./dev stack up"
}

stack_env() {
    local kafka postgres
    stack_use
    kafka=$(port_of kafka) || stack_missing
    postgres=$(port_of postgres) || stack_missing
    printf 'export %s=%q\n' \
        GRIDLOOP_KAFKA_BOOTSTRAP_SERVERS "127.0.0.1:$kafka" \
        GRIDLOOP_DATABASE_URL "postgresql://gridloop@127.0.0.1:$postgres/gridloop" \
        GRIDLOOP_STACK_DIR "$STACK_DIR"
}

stack_server_start() {
    [ -e "$STACK_DIR/$STACK_MARK" ] || stack_missing
    "$1_up"
}

stack_server_command() {
    case ${2:-} in
        start) stack_locked stack_server_start "$1" ;;
        stop | kill) stack_locked "$1_$2" ;;
        *) usage_error "stack $1: stop, kill or start?" ;;
    esac
}

stack_run() {
    local command=${1:-}
    [ $# -eq 0 ] || shift
    case $command in
        up) stack_up ;;
        down) stack_down "$@" ;;
        status) stack_status ;;
        env) stack_env ;;
        kafka | postgres) stack_server_command "$command" "$@" ;;
        *) usage_error "stack: up, down, status, env, kafka or postgres?" ;;
    esac
}
