#!/bin/sh
# Writes a C file with the texts of FILES as an array of struct embedded called NAME.
#   embed.sh NAME FILE...
# Bytes, not string literals: ISO C promises no more than 4095 characters for one of those.
set -eu
name=$1
shift
echo '/* Made by schema/embed.sh; do not edit. */'
echo '#include "schema/embedded.h"'
n=0
for file in "$@"; do
    echo "static const char text_$n[] = {"
    od -An -v -tu1 "$file" | sed 's/  */, /g; s/^, *//; s/$/,/'
    echo '0};'
    n=$((n + 1))
done
echo "const struct embedded $name[] = {"
n=0
for file in "$@"; do
    echo "    {\"$(basename "$file")\", text_$n, sizeof(text_$n) - 1},"
    n=$((n + 1))
done
echo '    {0, 0, 0},'
echo '};'
