# shellcheck shell=bash
# build.sh - the variants of the programs, each in a folder of its own under build/.
#
#   release  what is shipped
#   points   with crash points compiled in, where tests make it die
#   asan     points, and the address and undefined behaviour sanitizers
set -euo pipefail

variant_options() {
    case $1 in
        release) ;;
        points) echo -DGRIDLOOP_POINTS=ON ;;
        asan) printf '%s\n' -DGRIDLOOP_POINTS=ON -DGRIDLOOP_SANITIZE=address,undefined ;;
        *) usage_error "build: release, points or asan, not $1" ;;
    esac
}

configure_variant() {
    cmake -S "$ROOT" -B "$BUILD_DIR/$1" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "-DGRIDLOOP_LIBRDKAFKA=$(librdkafka_choice)" \
        "${@:2}"
}

# Ninja itself calls CMake again when the build files change, but not when its arguments do.
configure_variant_if_needed() {
    local variant=$1 options key
    shift
    key=$(checksum - <<<"$(librdkafka_choice) $* ${CC:-} ${CFLAGS:-}")
    if [ -f "$BUILD_DIR/$variant/build.ninja" ] && stamp_is "configure-$variant" "$key"; then
        return 0
    fi
    rm -f "$BUILD_DIR/$variant/CMakeCache.txt"
    step "configure-$variant" "configuring build/$variant" configure_variant "$variant" "$@"
    stamp_set "configure-$variant" "$key"
}

variant_is_built() {
    ninja -C "$BUILD_DIR/$1" -n 2>/dev/null | grep -q 'no work to do'
}

build_variant_locked() {
    local options
    mapfile -t options < <(variant_options "$1")
    configure_variant_if_needed "$1" "${options[@]}"
    variant_is_built "$1" ||
        step "build-$1" "building build/$1" ninja -C "$BUILD_DIR/$1"
}

build_variant() {
    # In a subshell of its own mapfile would hide that the name is unknown.
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
