# shellcheck shell=bash
# librdkafka.sh - the system's librdkafka when it is new enough, else one from a newer Debian's
# source package, built once for all checkouts.
set -euo pipefail

readonly LIBRDKAFKA_MINIMUM=2.3.0
readonly LIBRDKAFKA_VERSION=2.8.0
readonly LIBRDKAFKA_SUITE=trixie

system_librdkafka_is_enough() {
    pkg-config --atleast-version="$LIBRDKAFKA_MINIMUM" rdkafka 2>/dev/null
}

# The name changes with whatever would change the result.
librdkafka_prefix() {
    local hash
    hash=$({
        os_release VERSION_CODENAME
        uname -m
        gcc -dumpfullversion
        declare -f fetch_librdkafka_source compile_librdkafka
    } | checksum -)
    echo "$(cache_dir)/librdkafka-$LIBRDKAFKA_VERSION-$hash"
}

# What CMake gets as GRIDLOOP_LIBRDKAFKA.
librdkafka_choice() {
    if [ -n "${GRIDLOOP_LIBRDKAFKA:-}" ]; then
        echo "$GRIDLOOP_LIBRDKAFKA"
    elif system_librdkafka_is_enough; then
        echo system
    else
        librdkafka_prefix
    fi
}

# The mirror that this machine already uses for its own release.
debian_mirror() {
    local release
    release=$(os_release VERSION_CODENAME)
    # shellcheck disable=SC2016 # apt fills this in
    apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' "Release: $release" | head -n 1
}

# Options for an apt that knows the newer suite's sources and nothing else, and that writes only
# under DIR; the machine's other apt settings (proxies, certificates) still hold.
apt_options() {
    local dir=$1
    printf '%s\n' \
        -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache" \
        -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none
}

write_apt_configuration() {
    local dir=$1 mirror
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || die "no Debian mirror in this machine's apt sources"
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    printf 'deb-src [signed-by=%s] %s %s main\n' \
        /usr/share/keyrings/debian-archive-keyring.gpg "$mirror" "$LIBRDKAFKA_SUITE" \
        >"$dir/sources.list"
}

fetch_librdkafka_source() {
    local dir=$1 options
    write_apt_configuration "$dir/apt"
    mapfile -t options < <(apt_options "$dir/apt")
    apt-get "${options[@]}" update
    cd "$dir"
    apt-get "${options[@]}" source --download-only librdkafka
    # apt-get has just checked the files against the signed index; the maintainer's own signature
    # would need a keyring that is not installed.
    dpkg-source --no-check -x librdkafka_*.dsc source
}

compile_librdkafka() {
    local source=$1 prefix=$2 objects=$3
    cmake -S "$source" -B "$objects" -G Ninja \
        -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE='-O2 -g -DNDEBUG' \
        -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_INSTALL_LIBDIR=lib \
        -DCMAKE_INSTALL_PREFIX="$prefix" \
        -DRDKAFKA_BUILD_STATIC=ON -DRDKAFKA_BUILD_EXAMPLES=OFF -DRDKAFKA_BUILD_TESTS=OFF \
        -DWITH_SSL=ON -DWITH_SASL=ON -DWITH_ZLIB=ON -DWITH_ZSTD=ON -DWITH_CURL=ON \
        -DENABLE_LZ4_EXT=ON -DWITH_PLUGINS=OFF
    cmake --build "$objects"
    # DESTDIR: the files know their final place and are not in it before they are complete.
    DESTDIR="$objects/root" cmake --install "$objects"
}

build_librdkafka() {
    local prefix=$1 work
    umask 022
    work=$(mktemp -d "$(dirname "$prefix")/building.XXXXXX")
    # shellcheck disable=SC2064 # the folder of now, not of then
    trap "rm -rf -- '$work'" EXIT
    fetch_librdkafka_source "$work"
    compile_librdkafka "$work/source" "$prefix" "$work/objects"
    [ -f "$work/objects/root$prefix/lib/librdkafka.a" ]
    mv -T "$work/objects/root$prefix" "$prefix"
}

install_librdkafka() {
    local choice
    choice=$(librdkafka_choice)
    if [ "$choice" = system ] || [ -d "$choice" ]; then
        return 0
    fi
    [ -z "${GRIDLOOP_LIBRDKAFKA:-}" ] || die "GRIDLOOP_LIBRDKAFKA: no folder $choice"
    have_folder "$choice" librdkafka "building librdkafka $LIBRDKAFKA_VERSION" build_librdkafka "$choice"
}
