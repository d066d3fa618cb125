# shellcheck shell=bash
# prometheus.sh - promtool and prometheus, for tests of what the daemons tell: taken out of the distribution's package,
# because installing that would start a server of its own.
set -euo pipefail

prometheus_dir() {
    echo "$(cache_dir)/prometheus-$(os_release VERSION_CODENAME)-$(uname -m)"
}

fetch_prometheus() {
    local dir=$1 work
    umask 022
    work=$(mktemp -d "$dir.XXXXXX")
    # shellcheck disable=SC2064 # the folder of now, not of then
    trap "rm -rf -- '$work'" EXIT
    cd "$work"
    apt-get download -q -o "APT::Sandbox::User=$(id -un)" prometheus || {
        apt_get update
        apt-get download -q -o "APT::Sandbox::User=$(id -un)" prometheus
    }
    dpkg-deb -x prometheus_*.deb .
    mkdir bin
    mv usr/bin/promtool usr/bin/prometheus bin
    bin/promtool --version
    rm -rf etc lib usr var ./*.deb
    chmod 755 "$work"
    mv -T "$work" "$dir"
}

install_prometheus() {
    local dir
    dir=$(prometheus_dir)
    have_folder "$dir" prometheus "fetching Prometheus" fetch_prometheus "$dir"
}
