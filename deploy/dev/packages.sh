# shellcheck shell=bash
# packages.sh - the distribution's packages; apt-get is only called when one is missing.
set -euo pipefail

readonly PACKAGES=(
    gcc g++ clang clang-format clang-tidy cmake ninja-build pkg-config make
    libavro-dev libpq-dev libgeos-dev libsqlite3-dev libjansson-dev libmicrohttpd-dev
    libssl-dev libcmocka-dev zlib1g-dev liblz4-dev libzstd-dev libsasl2-dev
    libcurl4-openssl-dev
    dpkg-dev ca-certificates xz-utils util-linux procps git
    postgresql maven python3-venv shellcheck valgrind groff-base zsh fish
)

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q \
        -o DPkg::Lock::Timeout=300 "$@"
}

package_installed() {
    local status
    status=$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) || return 1
    [ "$status" = installed ]
}

os_release() {
    # shellcheck source=/dev/null
    (. /etc/os-release && eval "printf '%s\n' \"\${$1:-}\"")
}

# Compiler runtimes (sanitizers, fuzzer) come in a package with clang's version in its name.
clang_runtime() {
    local depends
    depends=$(dpkg-query -W -f '${Depends}' clang 2>/dev/null) ||
        depends=$(apt-cache show clang | grep '^Depends:')
    grep -o 'clang-[0-9]*' <<<"$depends" | head -n 1 | sed 's/.*/lib&/; s/clang-/clang-rt-/; s/$/-dev/'
}

# Newer distributions bring a librdkafka that is new enough.
librdkafka_package() {
    [ "$(os_release VERSION_CODENAME)" = bookworm ] || echo librdkafka-dev
}

# A machine may have its Java from somewhere else than its distribution.
java_package() {
    find_java >/dev/null || echo default-jre-headless
}

wanted_packages() {
    printf '%s\n' "${PACKAGES[@]}"
    clang_runtime
    librdkafka_package
    java_package
}

missing_packages() {
    local name
    wanted_packages | while read -r name; do
        package_installed "$name" || printf '%s\n' "$name"
    done
}

# The server's package would create and start a cluster of its own, which nobody asked for.
keep_postgres_package_quiet() {
    package_installed postgresql && return 0
    apt_get install --no-install-recommends postgresql-common
    as_root sed -i "s/^#* *create_main_cluster *=.*/create_main_cluster = false/" \
        /etc/postgresql-common/createcluster.conf
}

install_missing() {
    local missing
    apt_get update
    keep_postgres_package_quiet
    # The clang package was perhaps unknown before the update, and with it its runtime's name.
    mapfile -t missing < <(missing_packages)
    apt_get install --no-install-recommends "${missing[@]}"
}

install_packages() {
    local missing
    missing=$(missing_packages 2>/dev/null) || true
    [ -z "$missing" ] || step packages "installing packages: ${missing//$'\n'/ }" install_missing
}
