# shellcheck shell=bash
# stack.sh - the folder of a stack, the user its servers run as, and their ports.
#
#   STACK_DIR/            owned by whoever calls ./dev
#     kafka.id ...        identity of the process (process.sh)
#     kafka.port ...      kept from start to start
#     log/                one file a server
#     data                the servers' own folder, or a link to it
set -euo pipefail

readonly STACK_MARK=.gridloop-stack
readonly STACK_START_LIMIT=90

stack_dir() {
    realpath -m -- "${GRIDLOOP_STACK_DIR:-$BUILD_DIR/stack}"
}

# RUN_AS: put before a command, runs it as that user in the same process.
stack_use() {
    STACK_DIR=$(stack_dir)
    STACK_DATA=$(realpath -m -- "$STACK_DIR/data")
    RUN_AS=()
    ! is_root || RUN_AS=(setpriv --reuid=postgres --regid=postgres --init-groups --)
}

# PostgreSQL refuses to run as root, and Kafka has no need to.
stack_user() {
    if is_root; then
        echo postgres
    else
        id -un
    fi
}

stack_user_can_use() {
    "${RUN_AS[@]}" test -w "$1" -a -x "$1" 2>/dev/null
}

# A checkout in a closed home folder: its servers' data has to be where their user can go.
stack_data_elsewhere() {
    local place
    place=/var/lib/gridloop/stack-$(checksum - <<<"$STACK_DIR")
    say "user $(stack_user) cannot reach $STACK_DIR: the data goes to $place"
    rmdir "$STACK_DIR/data"
    install -d -m 755 /var/lib/gridloop
    install -d -o "$(stack_user)" "$place"
    ln -s "$place" "$STACK_DIR/data"
    stack_use
    stack_user_can_use "$STACK_DATA" || die "user $(stack_user) cannot write to $STACK_DATA either"
}

stack_prepare() {
    stack_use
    [ ! -e "$STACK_DIR" ] || [ -e "$STACK_DIR/$STACK_MARK" ] || [ -z "$(ls -A "$STACK_DIR")" ] ||
        die "$STACK_DIR is no stack's folder"
    mkdir -p "$STACK_DIR/log"
    touch "$STACK_DIR/$STACK_MARK"
    [ -d "$STACK_DATA" ] || install -d -o "$(stack_user)" "$STACK_DATA"
    stack_user_can_use "$STACK_DATA" || stack_data_elsewhere
}

# A port below those that the kernel gives to outgoing connections. Were it one of those, a client
# that tries again and again while the server is down could be given the very port it calls, and
# would then talk to itself and keep the server out.
free_port() {
    "$PYTHON" - <<'END'
import random, socket

with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
    lowest_outgoing = int(f.read().split()[0])
ports = [random.randrange(10000, lowest_outgoing) for _ in range(200)] if lowest_outgoing > 11000 else []
for port in ports + [0]:
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(s.getsockname()[1])
        break
END
}

port_of() {
    cat "$STACK_DIR/$1.port" 2>/dev/null
}

port_keep_or_choose() {
    [ -s "$STACK_DIR/$1.port" ] || free_port >"$STACK_DIR/$1.port"
}

port_forget() {
    rm -f "$STACK_DIR/$1.port"
}

# The log of the start before this one stays beside it.
log_turn() {
    local log=$STACK_DIR/log/$1.log
    [ ! -e "$log" ] || mv "$log" "$log.1"
    : >"$log"
}

log_of() {
    printf '%s\n' "$STACK_DIR/log/$1.log"
}

port_was_taken() {
    grep -qiE 'address already in use|bind: address' "$(log_of "$1")"
}

# may_succeed_later NAME: whether to try again after this failure, and makes that possible.
may_succeed_later() {
    if port_was_taken "$1"; then
        "$1_forget_ports"
    elif grep -q 'pre-existing shared memory block' "$(log_of "$1")"; then
        # The processes that a killed PostgreSQL left behind end when they notice.
        sleep 1
    else
        return 1
    fi
}

server_is() {
    "$1_ready" || process_gone "$STACK_DIR/$1.id"
}

# server_await NAME: 0 once it answers, 1 if it ended, says why if it does neither in time.
server_await() {
    wait_until "$STACK_START_LIMIT" server_is "$1" || {
        tail -n 30 "$(log_of "$1")" >&2
        die "$1 runs but does not answer after $STACK_START_LIMIT s; its log: $(log_of "$1")"
    }
    process_runs "$STACK_DIR/$1.id"
}

server_up() {
    local name=$1 try
    if process_runs "$STACK_DIR/$name.id"; then
        server_await "$name" && return 0
    fi
    "${name}_prepare"
    for try in 1 2 3 4 5; do
        "${name}_choose_ports"
        log_turn "$name"
        "${name}_launch"
        server_await "$name" && return 0
        may_succeed_later "$name" || break
    done
    tail -n 30 "$(log_of "$name")" >&2
    die "$name did not start (try $try); its log: $(log_of "$name")"
}

# server_stop NAME SIGNAL SECONDS SIGNAL_AFTER_THAT
server_stop() {
    local id=$STACK_DIR/$1.id
    process_signal "$id" "$2"
    if ! wait_until "$3" process_gone "$id"; then
        say "$1 still runs $3 s after SIG$2: SIG$4"
        process_signal "$id" "$4"
        wait_until 30 process_gone "$id" || die "$1 does not end"
    fi
    rm -f "$id"
}
