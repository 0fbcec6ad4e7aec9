# Figures of what `measure` wrote, for the bench scripts.

# The median of a column of what measure wrote.
median() {
    cut -d' ' -f"$2" "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

largest() {
    cut -d' ' -f2 "$1" | sort -n | tail -n 1
}

ratio() {
    awk "BEGIN { printf \"%.2f\", $1 / $2 }"
}

same() {
    if [ "$1" != "$2" ]; then
        printf '%s: wrong totals\n  want %s\n  got  %s\n' "$3" "$1" "$2" >&2
        exit 1
    fi
}
