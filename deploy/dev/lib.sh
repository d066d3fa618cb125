# shellcheck shell=bash
# lib.sh - messages, logged steps, stamps, locks and the folders that everything else uses.
set -euo pipefail

readonly BUILD_DIR=$ROOT/build
readonly LOG_DIR=$BUILD_DIR/log
readonly STAMP_DIR=$BUILD_DIR/stamp

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "dev: $*"
    exit 1
}

usage_error() {
    say "dev: $*"
    exit 64
}

is_root() {
    [ "$(id -u)" -eq 0 ]
}

# Root's home is closed to other users on many machines, but PostgreSQL and Kafka run as one of
# those and have to read the cache: root's is therefore outside of it.
cache_dir() {
    if [ -n "${GRIDLOOP_CACHE:-}" ]; then
        realpath -m -- "$GRIDLOOP_CACHE"
    elif is_root; then
        echo /var/cache/gridloop
    else
        echo "${XDG_CACHE_HOME:-$HOME/.cache}/gridloop"
    fi
}

as_root() {
    if is_root; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "needs root for: $* (and there is no sudo)"
    fi
}

# attempt COMMAND...: leaves its exit code in ATTEMPT_CODE. `if command` and `command || ...` would
# switch `set -e` off within the command, so that it would run on after a failure.
attempt() {
    set +e
    (
        set -e
        "$@"
    )
    ATTEMPT_CODE=$?
    set -e
}

logged() {
    local file=$1
    shift
    "$@" >"$file" 2>&1 </dev/null
}

# step LOG TEXT COMMAND...: one line for the reader, all that the command prints to build/log.
step() {
    local file=$LOG_DIR/$1.log
    say "$2"
    shift 2
    mkdir -p "$LOG_DIR"
    attempt logged "$file" "$@"
    [ "$ATTEMPT_CODE" -eq 0 ] || step_failed "$file" "$ATTEMPT_CODE"
}

step_failed() {
    tail -n 40 "$1" >&2
    die "failed with exit code $2; all of it is in $1"
}

# with_lock FILE COMMAND...: in a subshell, so that nothing but files comes out of it. A server
# started under a lock must close LOCK_FD, or it would hold the lock for as long as it runs.
with_lock() {
    local file=$1
    shift
    mkdir -p "$(dirname "$file")"
    (
        exec {LOCK_FD}>"$file"
        flock "$LOCK_FD"
        "$@"
    )
}

# have_folder DIR NAME TEXT COMMAND...: unless there is such a folder, the command makes it, of several checkouts that want it
# at once in one of them. It is to make another and move that there when it is complete.
have_folder() {
    [ -d "$1" ] || with_lock "$(cache_dir)/$2.lock" make_folder_unless_there "$@"
}

make_folder_unless_there() {
    [ -d "$1" ] || step "$2" "$3 into $1" "${@:4}"
}

# checksum FILE... : one short word for the contents of the files; further words on standard input.
checksum() {
    cat -- "$@" | sha256sum | cut -c1-12
}

stamp_is() {
    [ -f "$STAMP_DIR/$1" ] && [ "$(cat "$STAMP_DIR/$1")" = "$2" ]
}

stamp_set() {
    mkdir -p "$STAMP_DIR"
    printf '%s\n' "$2" >"$STAMP_DIR/$1.new.$$"
    mv "$STAMP_DIR/$1.new.$$" "$STAMP_DIR/$1"
}

# wait_until SECONDS COMMAND...: asks again every tenth of a second.
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}
