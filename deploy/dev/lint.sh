# shellcheck shell=bash
# lint.sh - formatting of C, the shell, Python's syntax; clang-tidy on request.
set -euo pipefail

# tracked PATTERN...: names, each ended by a NUL. In CI the folder may belong to another user.
tracked() {
    git -C "$ROOT" -c "safe.directory=$ROOT" ls-files -z -- "$@"
}

# Everything that bash reads, whatever its name.
shell_files() {
    tracked | xargs -0 grep -lIZE -m 1 '^(#!.*\b(ba)?sh$|# shellcheck shell=)' --
}

# Every place that differs would fill the terminal: a number for each file will do.
unformatted_files() {
    tracked '*.c' '*.h' | xargs -0 -r clang-format --dry-run -- 2>&1 |
        sed -n 's/^\([^:]*\):[0-9].*Wclang-format.*/\1/p' | uniq -c
}

lint_c() {
    local files
    files=$(unformatted_files)
    [ -n "$files" ] || return 0
    say "not formatted (./dev lint --fix does it), and in how many places:"
    say "$files"
    return 1
}

lint_fix() {
    tracked '*.c' '*.h' | xargs -0 -r clang-format -i --
}

lint_shell() {
    shell_files | xargs -0 -r shellcheck -x --
}

lint_python() {
    tracked '*.py' | xargs -0 -r "$PYTHON" -c 'import ast, sys
for name in sys.argv[1:]:
    ast.parse(open(name, encoding="utf-8").read(), name)'
}

lint_tidy() {
    build_run release
    tracked '*.c' | xargs -0 -r -P "$(nproc)" -n 4 clang-tidy --quiet -p "$BUILD_DIR/release" --
}

lint_run() {
    local part failed=0 parts=(c shell python)
    case ${1:-} in
        '') ;;
        --tidy) parts+=(tidy) ;;
        --fix) parts=(fix "${parts[@]}") ;;
        *) usage_error "lint: --tidy, --fix or nothing" ;;
    esac
    install_packages_locked
    cd "$ROOT"
    for part in "${parts[@]}"; do
        attempt "lint_$part"
        [ "$ATTEMPT_CODE" -eq 0 ] || failed=1
    done
    return "$failed"
}
