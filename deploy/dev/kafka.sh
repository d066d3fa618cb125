# shellcheck shell=bash
# kafka.sh - the stack's Kafka: one node, its own folder $STACK_DATA/kafka.
set -euo pipefail

readonly KAFKA_HEAP=512m

# kafka_command MAIN ARGS...: sets KAFKA_COMMAND.
kafka_command() {
    local home=$STACK_DATA/kafka main=$1
    shift
    KAFKA_COMMAND=("${RUN_AS[@]}" "$(find_java)/bin/java" "-Xmx$KAFKA_HEAP"
        -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData -Djava.awt.headless=true
        "-Djava.io.tmpdir=$home/tmp" "-Dlog4j2.configurationFile=$home/log4j2.properties"
        -cp "$(kafka_jars_dir)/jars/*" "$main" "$@")
}

kafka_choose_ports() {
    port_keep_or_choose kafka
    port_keep_or_choose kafka_controller
    kafka_configure
}

# Those that stand in a file of properties are not ours to choose.
kafka_forget_ports() {
    [ ! -e "$STACK_DIR/kafka.properties" ] || return 0
    port_forget kafka
    port_forget kafka_controller
}

# What stands in $STACK_DIR/kafka.properties comes last and wins: listeners with TLS and logins, for tests of those.
kafka_configure() {
    local client controller more=$STACK_DIR/kafka.properties
    client=127.0.0.1:$(port_of kafka)
    controller=127.0.0.1:$(port_of kafka_controller)
    {
        cat "$ROOT/deploy/kafka/dev.properties"
        printf '\nlisteners=CLIENT://%s,CONTROLLER://%s\n' "$client" "$controller"
        printf 'advertised.listeners=CLIENT://%s\n' "$client"
        printf 'controller.quorum.voters=1@%s\n' "$controller"
        printf 'log.dirs=%s\n' "$STACK_DATA/kafka/log"
        [ ! -e "$more" ] || cat "$more"
    } >"$STACK_DATA/kafka/server.properties"
    chmod 644 "$STACK_DATA/kafka/server.properties"
}

# Kafka's ids are 16 bytes in URL-safe base64, and may not begin with a dash.
kafka_new_cluster_id() {
    local id
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' '_-' | tr -d '=')
    printf '%s\n' "${id/#-/A}"
}

kafka_format() {
    kafka_command kafka.tools.StorageTool format --ignore-formatted \
        --cluster-id "$(kafka_new_cluster_id)" --config "$STACK_DATA/kafka/server.properties"
    cd "$STACK_DATA/kafka"
    "${KAFKA_COMMAND[@]}"
}

kafka_prepare() {
    local jars
    jars=$(kafka_jars_dir)/jars
    "${RUN_AS[@]}" test -r "$jars/." ||
        die "user $(stack_user) cannot read $jars: set GRIDLOOP_CACHE to another folder"
    install -d -o "$(stack_user)" "$STACK_DATA/kafka" "$STACK_DATA/kafka/tmp"
    install -m 644 "$ROOT/deploy/kafka/log4j2.properties" "$STACK_DATA/kafka/"
    if [ ! -e "$STACK_DATA/kafka/log/meta.properties" ]; then
        kafka_choose_ports
        step kafka-format "creating the stack's Kafka" kafka_format
    fi
}

kafka_launch() {
    kafka_command kafka.Kafka "$STACK_DATA/kafka/server.properties"
    (
        cd "$STACK_DATA/kafka"
        process_start "$STACK_DIR/kafka.id" "$(log_of kafka)" "${KAFKA_COMMAND[@]}"
    )
}

# Kafka says so when all its parts run; its port answers earlier than that.
kafka_ready() {
    grep -q -m 1 'Kafka Server started' "$(log_of kafka)" 2>/dev/null
}

kafka_up() {
    server_up kafka
}

kafka_stop() {
    server_stop kafka TERM 30 KILL
}

kafka_kill() {
    server_stop kafka KILL 30 KILL
}
