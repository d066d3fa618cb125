# shellcheck shell=bash
# process.sh - server processes: started apart from the terminal, known again by more than a number.
# An identity file holds the pid, the time it started and the boot in which it did: a pid alone may
# belong to somebody else by now.
set -euo pipefail

# process_stat PID: state and start time (clock ticks since boot). The command's name, in
# parentheses, may hold anything; what follows the last parenthesis does not.
process_stat() {
    local line fields
    { line=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    read -ra fields <<<"${line##*) }"
    printf '%s %s\n' "${fields[0]}" "${fields[19]}"
}

process_identity() {
    local state started
    read -r state started < <(process_stat "$1") || return 1
    printf '%s %s %s\n' "$1" "$started" "$(</proc/sys/kernel/random/boot_id)"
}

# process_pid FILE: the pid, if that very process is still there. A zombie is not: in a container
# nobody may ever collect it.
process_pid() {
    local pid started boot state now
    [ -s "$1" ] && read -r pid started boot <"$1" || return 1
    [ "$boot" = "$(</proc/sys/kernel/random/boot_id)" ] || return 1
    read -r state now < <(process_stat "$pid") || return 1
    [ "$now" = "$started" ] && [ "$state" != Z ] && printf '%s\n' "$pid"
}

process_runs() {
    process_pid "$1" >/dev/null
}

process_gone() {
    ! process_runs "$1"
}

# process_signal FILE SIGNAL
process_signal() {
    local pid
    pid=$(process_pid "$1") || return 0
    kill -s "$2" "$pid" 2>/dev/null || process_gone "$1"
}

# process_start FILE LOG COMMAND...: in a session of its own, so that Ctrl-C does not reach it.
# setsid does not fork here (a background job leads no group), so $! is the server itself.
process_start() {
    local file=$1 log=$2
    shift 2
    (
        [ -z "${LOCK_FD:-}" ] || exec {LOCK_FD}>&-
        exec setsid "$@" </dev/null >>"$log" 2>&1
    ) &
    process_identity $! >"$file" || rm -f "$file"
}
