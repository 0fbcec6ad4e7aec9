# For tests of tests/long that fill stores: read after tests/lib/cli.sh.
#
#   split FIRST COUNT FOLDER   COUNT report mails, each a file of FOLDER, named by its number
#   contents [FILE]            what a store holds, one line for each report, whatever the row
#                              numbers and the order in which they came
#   sound NAME [FILE]          passes if SQLite finds the store whole
#   now_ms                     a clock in milliseconds
#   measured COMMAND...        run, and set $seconds, $peak (KiB) and $cpu (seconds) as well
#   quick NAME SECONDS         passes if what was measured last took less of the processor: the
#                              time on the wall is that of the other tests as well
: "${BUILD:=build}"
gen_reports=$BUILD/tests/bench/gen_reports
measure=$BUILD/tests/bench/measure
gen_hostile=$BUILD/tests/long/gen_hostile
for tool in "$gen_reports" "$measure" "$gen_hostile"; do
    [ -x "$tool" ] || { echo "# $tool is missing: run make check-full"; exit 1; }
done

split() {
    mkdir -p "$3"
    number=$1
    while [ "$number" -lt $(($1 + $2)) ]; do
        "$gen_reports" 1 "$3/$number" "$T/.totals" "$number"
        number=$((number + 1))
    done
}

contents() {
    sqlite3 -readonly -batch "${1:-$DB}" "
        SELECT hex(r.content_hash), hex(r.identity_hash), r.organization, r.submitter,
               r.external_id, r.contact, r.begins_at, r.ends_at, r.superseded_by IS NULL,
               length(j.content), a.outcome, a.message_id,
               (SELECT count(*) FROM issue i WHERE i.report = r.id),
               (SELECT group_concat(policy, ';') FROM (
                    SELECT json_array(p.policy_type, p.domain, p.strings, p.successes, p.failures,
                        (SELECT group_concat(failure, ';') FROM (
                            SELECT json_array(f.result_word, f.sending_ip, f.mx, f.receiving_ip,
                                f.sessions, f.reason_code, f.failure_type, f.mail_effect) AS failure
                              FROM failure f WHERE f.policy = p.id ORDER BY f.id))) AS policy
                      FROM policy p WHERE p.report = r.id ORDER BY p.id))
          FROM report r LEFT JOIN report_json j ON j.report = r.id
               LEFT JOIN arrival a ON a.id = r.arrival" | sort
}

sound() {
    is "$1" "$(sqlite3 -batch "${2:-$DB}" 'PRAGMA integrity_check; PRAGMA foreign_key_check;')" ok
}

now_ms() {
    date +%s%3N
}

measured() {
    rm -f "$T/.measured"
    run "$measure" "$T/.measured" "$@"
    read -r seconds peak cpu <"$T/.measured"
}

quick() {
    ok "$1: in less than $2 s ($cpu s)" awk "BEGIN { exit !($cpu < $2) }"
}
