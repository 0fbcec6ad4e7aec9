#!/bin/sh
# Is layers.sh able to fail? A small clean tree passes; then each rule is broken once, and that rule
# alone must say so.
set -u
check=$(dirname "$0")/layers.sh
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
number=0

tree() {
    rm -rf "$T/tree"
    mkdir -p "$T/tree/schema" "$T/tree/ingest" "$T/tree/analyze" "$T/tree/report" "$T/tree/cli"
    (
        cd "$T/tree" || exit 1
        for header in schema/store schema/record schema/vocabulary analyze/fault report/text \
            ingest/mail cli/command; do
            : >$header.h
        done
        printf '#include "schema/store.h"\n#include <sqlite3.h>\nconst char *q = "SELECT 1";\n' >schema/store.c
        printf '#include <gmime/gmime.h>\n#include <zlib.h>\n#include "schema/record.h"\n' >ingest/mail.c
        printf '#include "schema/record.h"\n/* printf(1); "SELECT x" */\n' >analyze/fault.c
        printf '#include "analyze/fault.h"\n#include "schema/vocabulary.h"\nconst char *s = "printf(1)"; // exit(1)\n' >report/text.c
        printf '#include <gmime/gmime.h>\n#include <jansson.h>\n' >report/mail.c
        printf '#include "ingest/mail.h"\n#include "cli/command.h"\nint f(void)\n{\n    printf("x");\n}\n' >cli/cmd_x.c
        printf '#include "cli/command.h"\nint main(void)\n{\n    exit(0);\n}\n' >main.c
    )
}

# seed RULE FILE TEXT: after TEXT was added to FILE, only the rule whose name begins so fails.
seed() {
    number=$((number + 1))
    tree
    # shellcheck disable=SC2059
    [ -z "$2" ] || printf "$3" >>"$T/tree/$2"
    found=$(sh "$check" "$T/tree" | sed -n 's/^not ok [0-9]* - //p')
    case $found in
    *"
"*) verdict=not ;;
    "$1"*) verdict= ;;
    *) verdict=not ;;
    esac
    [ -n "$1" ] || [ -z "$found" ] || verdict=not
    echo "${verdict:+not }ok $number - seeded: ${1:-nothing}"
    [ -z "$verdict" ] || printf '%s\n' "$found" | sed 's/^/#   /'
}

long=$(awk 'BEGIN { printf "int g(void)\\n{\\n"; for (i = 0; i < 79; i++) printf "    x();\\n"; printf "}\\n" }')
seed '' '' ''
seed 'schema/ includes' schema/store.c '#include "analyze/fault.h"\n'
seed 'ingest/ includes' ingest/mail.c '#include "analyze/fault.h"\n'
seed 'analyze/ includes' analyze/fault.c '#include "ingest/mail.h"\n'
seed 'report/ sees' report/text.c '#include "schema/store.h"\n'
seed 'report/ sees' report/text.c '#include "ingest/mail.h"\n'
seed 'headers of the tree' report/text.c '#include "text.h"\n'
seed 'sqlite3.h' cli/cmd_x.c '#include <sqlite3.h>\n'
seed 'zlib, ' report/text.c '  #  include <archive.h>\n'
seed 'GMime' report/text.c '#include <gmime/gmime.h>\n'
seed 'jansson' analyze/fault.c '#include <jansson.h>\n'
seed 'no such library' ingest/mail.h '#include <zlib.h>\n'
seed 'SQL' cli/cmd_x.c 'const char *q = "SELECT a FROM b";\n'
seed 'only cli/ and main.c print' ingest/mail.c 'void f(void)\n{\n    exit(1);\n}\n'
seed 'only cli/ and main.c print' report/text.c 'void f(void)\n{\n    fputs("x", stdout);\n}\n'
seed 'no function' ingest/mail.c "$long"
echo "1..$number"
