#!/bin/sh
# The walls of the house: which layer may include which, which library may be seen where, where SQL
# may stand, who may print or end the program, how long a function may be. One TAP case per rule.
#   layers.sh [TREE]      (the tree it stands in by default)
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 1
number=0

# verdict NAME FINDINGS
verdict() {
    number=$((number + 1))
    if [ -z "$2" ]; then
        echo "ok $number - $1"
    else
        echo "not ok $number - $1"
        printf '%s\n' "$2" | sed 's/^/#   /'
    fi
}

files() {
    for layer in "$@"; do
        if [ -f "$layer" ]; then
            echo "$layer"
        elif [ -d "$layer" ]; then
            find "$layer" -name '*.[ch]'
        fi
    done | LC_ALL=C sort
}

# The code of FILE without comments, and with the insides of strings only where KEEP is 1; line
# numbers stay.
code() {
    LC_ALL=C awk -v keep="$2" '
    {
        out = ""
        n = length($0)
        for (i = 1; i <= n; i++) {
            c = substr($0, i, 1)
            two = substr($0, i, 2)
            if (comment) {
                if (two == "*/") { comment = 0; i++ }
            } else if (quote != "") {
                if (c == "\\") { if (keep) out = out two; i++ }
                else if (c == quote) { out = out c; quote = "" }
                else if (keep || $0 ~ /^#/) out = out c
            } else if (two == "/*") { comment = 1; i++ }
            else if (two == "//") break
            else {
                if (c == "\"" || c == "'"'"'") quote = c
                out = out c
            }
        }
        quote = ""
        print out
    }' "$1"
}

# includes LAYER... : lines "file: header"
includes() {
    for file in $(files "$@"); do
        sed -n "s|^[[:space:]]*#[[:space:]]*include[[:space:]]*[\"<]\([^\">]*\)[\">].*|$file: \1|p" "$file"
    done
}

# stray REGEX LAYER... : includes of the layers' own headers that REGEX does not allow
own='(schema|ingest|analyze|report|cli)/'
stray() {
    allowed=$1
    shift
    includes "$@" | grep -E ": $own" | grep -Ev ": ($allowed)"
}

# fence REGEX EXCEPT : who includes a library header, other than files that match EXCEPT
fence() {
    includes schema ingest analyze report cli main.c | grep -E ": ($1)" | grep -Ev "^($2)"
}

# words REGEX KEEP FILE... : "file:line: code" for each line of code that matches
words() {
    regex=$1
    keep=$2
    shift 2
    for file in "$@"; do
        code "$file" "$keep" | grep -En -- "$regex" | sed "s|^|$file:|"
    done
}

verdict 'schema/ includes schema/ only' "$(stray 'schema/' schema)"
verdict 'ingest/ includes schema/ and ingest/ only' "$(stray '(schema|ingest)/' ingest)"
verdict 'analyze/ includes schema/ and analyze/ only' "$(stray '(schema|analyze)/' analyze)"
verdict 'report/ sees words, records and findings, never the store' \
    "$(stray 'schema/(vocabulary|record|error)\.h$|(analyze|report)/' report)"
verdict 'only main.c and cli/ include cli/' \
    "$(includes schema ingest analyze report | grep ': cli/')"
verdict 'headers of the tree are included from the root' \
    "$(for file in $(files schema ingest analyze report cli main.c); do
        sed -n "s|^#include \"\([^\"]*\)\".*|\1|p" "$file" | while read -r header; do
            [ -f "$header" ] || echo "$file: $header"
        done
    done)"

verdict 'sqlite3.h is seen in schema/ only' "$(fence 'sqlite3' 'schema/')"
verdict 'zlib, libarchive, expat and PCRE2 are seen in ingest/ only' \
    "$(fence 'zlib\.h|archive(_entry)?\.h|expat|pcre2' 'ingest/')"
verdict 'xxHash is seen in ingest/ and schema/ only' "$(fence 'xxhash' '(ingest|schema)/')"
verdict 'GMime is seen in ingest/ and report/mail.c only' "$(fence 'gmime/' 'ingest/|report/mail\.c:')"
verdict 'jansson is seen in ingest/, schema/ and report/ only' \
    "$(fence 'jansson' '(ingest|schema|report)/')"
verdict 'no such library leaks through a header, unless it is a private one' \
    "$(includes schema ingest analyze report cli |
        grep -E '\.h: (sqlite3|zlib|archive|expat|pcre2|gmime)' | grep -v '_private\.h:')"

# report/ may tell the user what to ask with `tlstriage sql`; it has no way to run it.
# shellcheck disable=SC2046
verdict 'SQL stands in schema/ and cli/cmd_sql only' \
    "$(words '"[^"]*(SELECT |INSERT (OR|INTO) |UPDATE [a-z_]+ SET|DELETE FROM |CREATE (TABLE|VIEW))' 1 \
        $(files ingest analyze cli main.c | grep -v '^cli/cmd_sql'))"
# shellcheck disable=SC2046
verdict 'only cli/ and main.c print or end the program' \
    "$(words '(^|[^A-Za-z0-9_])(v?f?printf|puts|fputs|putchar|perror|g_print|g_printerr|exit|_exit|abort|errx?|warnx?|g_error|stdout|stderr)[ ]*(\(|[,;)])' 0 \
        $(files schema ingest analyze report))"
verdict 'no function is longer than 80 lines' \
    "$(for file in $(files schema ingest analyze report cli main.c); do
        awk -v file="$file" '
            !/^[ \t{}#]/ && /\(/ { name = $0 }
            /^\{$/ { start = NR }
            /^\}/ && start { if (NR - start + 1 > 80) print file ":" start ": " NR - start + 1 " lines: " name; start = 0 }
        ' "$file"
    done)"
verdict 'main.c has no more than 60 lines' \
    "$(if [ -f main.c ]; then awk 'END { if (NR > 60) print "main.c: " NR " lines" }' main.c; fi)"
echo "1..$number"
