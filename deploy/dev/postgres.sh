# shellcheck shell=bash
# postgres.sh - the stack's PostgreSQL, in $STACK_DATA/postgres; its user postgres is superuser.
set -euo pipefail

readonly POSTGRES_SETTINGS=(
    listen_addresses=127.0.0.1
    # A socket's path may be 107 bytes long, and a checkout's folder is often longer.
    unix_socket_directories=
    fsync=on
    max_connections=100
    shared_buffers=256MB
    'log_line_prefix=%m [%p] %q%u@%d '
)

postgres_bin() {
    local dir
    dir=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    [ -x "$dir/postgres" ] || die "no PostgreSQL server under /usr/lib/postgresql"
    printf '%s\n' "$dir"
}

# A data folder belongs to the version that made it, even when a newer one is installed later.
postgres_bin_of_data() {
    local version
    version=$(<"$STACK_DATA/postgres/PG_VERSION")
    [ -x "/usr/lib/postgresql/$version/bin/postgres" ] ||
        die "the stack's data is PostgreSQL $version's, which is not installed: ./dev stack down --wipe"
    printf '/usr/lib/postgresql/%s/bin\n' "$version"
}

postgres_choose_ports() {
    port_keep_or_choose postgres
}

postgres_forget_ports() {
    port_forget postgres
}

# In a folder of its own first: an interrupted initdb must not look like a database.
postgres_initdb() {
    local new=$STACK_DATA/postgres.new
    rm -rf "$new"
    cd "$STACK_DATA"
    "${RUN_AS[@]}" "$(postgres_bin)/initdb" -D "$new" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-instructions
    mv -T "$new" "$STACK_DATA/postgres"
}

# After a crash the server's own pid file may name a process that is not it but has its number.
postgres_drop_stale_pid_file() {
    local file=$STACK_DATA/postgres/postmaster.pid pid
    [ -s "$file" ] || return 0
    read -r pid <"$file"
    [ "$(readlink "/proc/$pid/cwd" || true)" = "$STACK_DATA/postgres" ] || rm -f "$file"
}

postgres_prepare() {
    [ -d "$STACK_DATA/postgres" ] ||
        step postgres-initdb "creating the stack's PostgreSQL" postgres_initdb
    postgres_drop_stale_pid_file
}

postgres_launch() {
    local bin setting options=()
    bin=$(postgres_bin_of_data)
    for setting in "${POSTGRES_SETTINGS[@]}" "port=$(port_of postgres)"; do
        options+=(-c "$setting")
    done
    (
        cd "$STACK_DATA"
        process_start "$STACK_DIR/postgres.id" "$(log_of postgres)" \
            "${RUN_AS[@]}" "$bin/postgres" -D "$STACK_DATA/postgres" "${options[@]}"
    )
}

postgres_ready() {
    "$(postgres_bin_of_data)/pg_isready" -q -h 127.0.0.1 -p "$(port_of postgres)" -U postgres -d postgres
}

postgres_sql() {
    "$(postgres_bin_of_data)/psql" --no-psqlrc -q -v ON_ERROR_STOP=1 \
        -h 127.0.0.1 -p "$(port_of postgres)" -U postgres -d postgres
}

postgres_create_database() {
    postgres_sql <<'END'
SELECT 'CREATE ROLE gridloop LOGIN CREATEROLE CREATEDB'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gridloop') \gexec
SELECT 'CREATE DATABASE gridloop OWNER gridloop'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'gridloop') \gexec
END
}

postgres_up() {
    server_up postgres
    [ -e "$STACK_DATA/postgres/gridloop.made" ] && return 0
    postgres_create_database
    touch "$STACK_DATA/postgres/gridloop.made"
}

# INT is PostgreSQL's fast shutdown, QUIT its immediate one: a crash as far as the data is concerned.
postgres_stop() {
    server_stop postgres INT 30 QUIT
}

postgres_kill() {
    server_stop postgres QUIT 30 KILL
}
