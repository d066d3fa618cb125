# shellcheck shell=bash
# docs.sh - what is generated of docs/: the references of options and of metrics, from the programs' tables; the data
# dictionary, from a database that gridloopctl setup has just made.
set -euo pipefail

docs_end() {
    local code=$?
    trap - EXIT
    trap '' INT TERM
    own_stack_end
    exit "$code"
}

# docs_write FILE COMMAND...: what it prints, if it succeeds.
docs_write() {
    local file=$ROOT/docs/$1
    shift
    "$@" >"$file.new"
    mv "$file.new" "$file"
    say "$file is made anew"
}

docs_run() {
    [ $# -eq 0 ] || usage_error "docs takes no arguments"
    local ctl=$BUILD_DIR/release/bin/gridloopctl
    install_all
    build_variant release
    docs_write reference/options.md "$ctl" manual --markdown
    docs_write reference/metrics.md "$ctl" metrics
    trap docs_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    own_stack_start "$BUILD_DIR/docstack"
    "$ctl" setup --database-url "$GRIDLOOP_DATABASE_URL"
    docs_write data-dictionary.md "$ctl" audit dictionary --database-url "$GRIDLOOP_DATABASE_URL"
}
