# shellcheck shell=bash
# kafka_jars.sh - jars by Maven, once for all checkouts: Kafka's and others'; and a Java to run them.
set -euo pipefail

readonly JAVA_MINIMUM=17

java_major() {
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null
}

# Java's home folder. Of several the lowest that will do: it is the one Kafka is most used with.
find_java() {
    local home major best='' best_major=1000
    for home in "${JAVA_HOME:-/nonexistent}" /usr/lib/jvm/*; do
        [ -x "$home/bin/java" ] || continue
        major=$(java_major "$home")
        if [ "${major:-0}" -ge "$JAVA_MINIMUM" ] && [ "$major" -lt "$best_major" ]; then
            best=$home best_major=$major
        fi
    done
    [ -n "$best" ] && printf '%s\n' "$best"
}

kafka_jars_dir() {
    echo "$(cache_dir)/kafka-$(checksum "$ROOT/deploy/kafka/pom.xml")"
}

# fetch_jars DIR POM COMMAND...: those that the POM names, into DIR/jars. COMMAND is called with the folder before it
# becomes DIR, to look at it or to add to it.
fetch_jars() {
    local dir=$1 pom=$2 work
    shift 2
    umask 022
    work=$(mktemp -d "$dir.XXXXXX")
    # shellcheck disable=SC2064 # the folder of now, not of then
    trap "rm -rf -- '$work'" EXIT
    mvn --batch-mode --no-transfer-progress -f "$pom" \
        dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$work/jars"
    "$@" "$work"
    chmod 755 "$work"
    mv -T "$work" "$dir"
}

kafka_is_among() {
    ls "$1"/jars/kafka_*.jar
}

install_kafka_jars() {
    local dir
    dir=$(kafka_jars_dir)
    have_folder "$dir" kafka "fetching Kafka" fetch_jars "$dir" "$ROOT/deploy/kafka/pom.xml" kafka_is_among
}
