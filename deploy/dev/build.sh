# shellcheck shell=bash
# build.sh - the variants of the programs, each in a folder of its own under build/.
#
#   release  what is shipped
#   points   with crash points compiled in, where tests make it die
#   asan     points, and the address and undefined behaviour sanitizers
#   fuzz     the targets of tests/fuzz alone, by clang, with the same sanitizers
set -euo pipefail

variant_options() {
    case $1 in
        release) ;;
        points) echo -DGRIDLOOP_POINTS=ON ;;
        asan) printf '%s\n' -DGRIDLOOP_POINTS=ON -DGRIDLOOP_SANITIZE=address,undefined ;;
        fuzz)
            printf '%s\n' -DGRIDLOOP_FUZZ=ON -DCMAKE_C_COMPILER=clang \
                -DGRIDLOOP_SANITIZE=fuzzer-no-link,address,undefined
            ;;
        *) usage_error "build: release, points, asan or fuzz, not $1" ;;
    esac
}

configure_variant() {
    cmake -S "$ROOT" -B "$BUILD_DIR/$1" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "-DGRIDLOOP_LIBRDKAFKA=$(librdkafka_choice)" \
        "${@:2}"
}

# Ninja itself calls CMake again when the build files change, but not when its arguments do.
configure_variant_if_needed() {
    local variant=$1 key
    shift
    key=$(checksum - <<<"$(librdkafka_choice) $* ${CC:-} ${CFLAGS:-}")
    if [ -f "$BUILD_DIR/$variant/build.ninja" ] && stamp_is "configure-$variant" "$key"; then
        return 0
    fi
    rm -f "$BUILD_DIR/$variant/CMakeCache.txt"
    step "configure-$variant" "configuring build/$variant" configure_variant "$variant" "$@"
    stamp_set "configure-$variant" "$key"
}

# Says TEXT as soon as Ninja reports anything other than a look at the folders, which it always does.
announce_work() {
    awk -v text="$1" '!said && /^\[[0-9]+\/[0-9]+\] / && !/Re-checking globbed/ {
        print text >"/dev/stderr"; said = 1 }'
}

# What Ninja is asked for: everything, unless a variant is there for less.
variant_goal() {
    case $1 in
        fuzz) echo fuzz ;;
        *) echo all ;;
    esac
}

ninja_variant() {
    ninja -C "$BUILD_DIR/$1" "$(variant_goal "$1")" 2>&1 </dev/null | tee "$2" |
        announce_work "building build/$1"
}

build_variant_locked() {
    local options log=$LOG_DIR/build-$1.log
    mapfile -t options < <(variant_options "$1")
    configure_variant_if_needed "$1" "${options[@]}"
    mkdir -p "$LOG_DIR"
    attempt ninja_variant "$1" "$log"
    [ "$ATTEMPT_CODE" -eq 0 ] || step_failed "$log" "$ATTEMPT_CODE"
}

build_variant() {
    # Here, because in mapfile's subshell an unknown name would go unnoticed.
    variant_options "$1" >/dev/null
    with_lock "$BUILD_DIR/lock/build-$1" build_variant_locked "$1"
}

build_run() {
    local variant
    [ $# -gt 0 ] || set -- release
    install_packages_locked
    install_librdkafka
    for variant in "$@"; do
        build_variant "$variant"
    done
}
