# shellcheck shell=bash
# docs.sh - what is generated of docs/: the data dictionary, from a database that gridloopctl setup has just made, and
# the list of metrics.
set -euo pipefail

docs_end() {
    local code=$?
    trap - EXIT
    trap '' INT TERM
    own_stack_end
    exit "$code"
}

docs_run() {
    [ $# -eq 0 ] || usage_error "docs takes no arguments"
    local ctl=$BUILD_DIR/release/bin/gridloopctl file=$ROOT/docs/data-dictionary.md
    install_all
    build_variant release
    trap docs_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    own_stack_start "$BUILD_DIR/docstack"
    "$ctl" setup --database-url "$GRIDLOOP_DATABASE_URL"
    "$ctl" audit dictionary --database-url "$GRIDLOOP_DATABASE_URL" >"$file.new"
    mv "$file.new" "$file"
    say "$file is as the database says"
    mkdir -p "$ROOT/docs/reference"
    "$ctl" metrics >"$ROOT/docs/reference/metrics.md"
}
