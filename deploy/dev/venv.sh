# shellcheck shell=bash
# venv.sh - the tests' Python packages under build/venv, and all the installing in one.
set -euo pipefail

readonly VENV=$BUILD_DIR/venv
readonly PYTHON=/usr/bin/python3

venv_key() {
    "$PYTHON" --version | checksum "$ROOT/tests/requirements.txt" -
}

build_venv() {
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV"
    "$VENV/bin/python" -m pip install --no-input -r "$ROOT/tests/requirements.txt"
}

build_venv_unless_there() {
    stamp_is venv "$1" && [ -x "$VENV/bin/python" ] && return 0
    step venv "installing the tests' Python packages" build_venv
    stamp_set venv "$1"
}

install_venv() {
    local key
    key=$(venv_key)
    if ! stamp_is venv "$key" || [ ! -x "$VENV/bin/python" ]; then
        with_lock "$BUILD_DIR/lock/venv" build_venv_unless_there "$key"
    fi
}

install_packages_locked() {
    [ -z "$(missing_packages 2>/dev/null)" ] ||
        with_lock "$BUILD_DIR/lock/packages" install_packages
}

install_all() {
    install_packages_locked
    install_librdkafka
    install_kafka_jars
    install_venv
}
