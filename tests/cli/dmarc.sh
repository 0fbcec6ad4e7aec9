#!/bin/sh
# DMARC aggregate reports as a whole program: taken in, asked for, told, hostile ones, large ones.
. tests/lib/cli.sh

# record IP COUNT VERDICT DISPOSITION
record() {
    printf '<record><row><source_ip>%s</source_ip><count>%s</count><policy_evaluated>' "$1" "$2"
    printf '<disposition>%s</disposition><dkim>%s</dkim><spf>fail</spf></policy_evaluated></row>' "$4" "$3"
    printf '<identifiers><header_from>example.org</header_from></identifiers><auth_results><spf>'
    printf '<domain>esp.example</domain><result>pass</result></spf></auth_results></record>\n'
}
# feedback ID DAY: a report of Receiver about example.org on a day; records on standard input
feedback() {
    begin=$(date -u -d "$2" +%s)
    printf '<?xml version="1.0"?>\n<feedback><version>1.0</version><report_metadata><org_name>Receiver</org_name>'
    printf '<email>dmarc@receiver.example</email><report_id>%s</report_id><date_range>' "$1"
    printf '<begin>%s</begin><end>%s</end></date_range></report_metadata>' "$begin" $((begin + 86399))
    printf '<policy_published><domain>example.org</domain><p>reject</p></policy_published>\n'
    cat
    printf '</feedback>\n'
}

{ record 192.0.2.1 90 pass none; record 192.0.2.2 4 fail reject; } | feedback a 2026-11-18 >"$T/a.xml"
{ record 192.0.2.1 0 pass none; record 192.0.2.1 80 fail reject; record 192.0.2.2 4 fail none; } |
    feedback b 2026-11-20 >"$T/b.xml"
exits 'two reports come in' 0 triage ingest "$T/a.xml" "$T/b.xml"
like 'and are counted' "$out" '^0 mails, 2 files: 0 reports new, .* 2 DMARC reports new, '
gzip -k "$T/a.xml"
exits 'one comes again, packed' 0 triage ingest "$T/a.xml.gz"
like 'and is known' "$out" '1 DMARC report already known'
record 192.0.2.1 91 pass none | feedback a 2026-11-18 >"$T/a2.xml"
exits 'and with other content' 0 triage ingest "$T/a2.xml"
like 'is a revision' "$out" '1 DMARC report new \(1 revised\)'
is 'of which the latest counts' "$(query 'SELECT sum(messages) FROM dmarc_rows WHERE day = "2026-11-18"')" 91
is 'both are there' "$(query 'SELECT external_id, superseded_by FROM dmarc_reports ORDER BY report')" \
    'a|3
b|
a|'
is 'rows tell who was aligned' \
    "$(query "SELECT source_ip, sum(messages * aligned), sum(messages * NOT aligned) FROM dmarc_rows
        GROUP BY 1")" '192.0.2.1|91|80
192.0.2.2|0|4'

# The digest: what happened, against what the policy asks.
exits 'a digest of the 20th' 0 triage digest --since 2026-11-20
like 'does not say that no report came' "$out" '^tlstriage: no TLS report about these days'
unlike 'nor of how many others there are none' "$out" '^(Reports about|No report)'
like 'tells how much was aligned' "$out" 'example\.org: 84 messages, 0 % aligned'
like 'what became of the rest' "$out" '84 messages: 80 rejected, 4 delivered; not followed for 4'
like 'what is new' "$out" '192\.0\.2\.1 was aligned until 2026-11-18 and is not'
like 'the policy' "$out" 'p=reject sp=reject adkim=r aspf=r, in 1 report of Receiver'
like 'who fails most' "$out" '^ *192\.0\.2\.2 +4 +4 +1 +SPF esp\.example$'
triage digest --since 2026-11-20 --format json >"$T/json"
is 'JSON has the same' "$(sqlite3 :memory: "SELECT json_extract(j, '\$.dmarc[0].failed'),
    json_extract(j, '\$.dmarc[0].news[0].news'), json_extract(j, '\$.dmarc[0].policies[0].p')
    FROM (SELECT CAST(readfile('$T/json') AS TEXT) AS j)")" '84|was-aligned|reject'
printf '[domain other.example]\nmx = mx.other.example 192.0.2.3\n' >"$T/tlstriage.conf"
exits 'where the domain is not ours' 0 triage digest --since 2026-11-20
unlike 'the digest leaves it out' "$out" 'example\.org: 84'
like 'but tells that there are reports about it' "$out" 'example\.org: 1 DMARC report of 1 receiver$'
like 'also by day of arrival' "$(triage digest)" 'example\.org: 2 DMARC reports of 1 receiver$'
triage digest --format json >"$T/json"
is 'so does JSON' "$(sqlite3 :memory: "SELECT json_extract(j, '\$.not_ours[0].domain',
    '\$.not_ours[0].reports', '\$.not_ours[0].dmarc_reports')
    FROM (SELECT CAST(readfile('$T/json') AS TEXT) AS j)")" '["example.org",0,2]'
exits 'status of that time' 1 triage status
like 'tells it too' "$out" 'example\.org: 2 DMARC reports of 1 receiver$'
exits 'who asks for that domain' 0 triage digest --since 2026-11-20 --domain example.org
like 'is told of it' "$out" 'example\.org: 84 messages'
unlike 'and not that it is none of ours' "$out" 'not told above'
: >"$T/tlstriage.conf"
exits 'status where it is ours' 1 triage status
like 'speaks of the other reports alone' "$out" \
    '^tlstriage WARNING: no TLS report for the last 7 days, no TLS session fails'

# Several reports in one file; each is kept by itself.
DB=$T/several.db
record 192.0.2.1 5 pass none | feedback c 2026-11-18 >"$T/c.xml"
{ cat "$T/c.xml"; feedback d 2026-11-19 </dev/null; cat "$T/b.xml"; } >"$T/several.xml"
exits 'three reports in a row' 0 triage ingest "$T/several.xml"
like 'are three' "$out" '3 DMARC reports new, 3 issues'
is 'with their records' "$(query 'SELECT external_id, rows FROM dmarc_reports ORDER BY report')" 'c|1
d|0
b|3'
is 'and what is noted of each' "$(query 'SELECT DISTINCT clause, problem FROM issues WHERE kind = "xml"')" \
    'XML 1.0, section 2.1|another report follows in the same text'
exits 'one of them alone' 0 triage ingest "$T/b.xml"
like 'is known' "$out" '1 DMARC report already known'
exits 'all read again' 0 triage reparse
is 'are three still' "$(query 'SELECT count(*), sum(rows) FROM dmarc_reports')" '3|4'

# A source that sent aligned mail all the time is not new where it fails as well.
DB=$T/partly.db
for day in 15 16 17; do
    record 192.0.2.1 90 pass none | feedback "past$day" "2026-11-$day" >"$T/past$day.xml"
done
{ record 192.0.2.1 90 pass none; record 192.0.2.1 20 fail reject; record 192.0.2.9 30 fail reject; } |
    feedback now 2026-11-20 >"$T/now.xml"
exits 'a source that fails now in part' 0 triage ingest "$T"/past1?.xml "$T/now.xml"
exits 'is told' 0 triage digest --since 2026-11-20
like 'as what it is' "$out" '192\.0\.2\.1 fails with 14\.3 % of all messages'
like 'a new one as new' "$out" '192\.0\.2\.9 is new with 21\.4 % of all messages'

# A receiver that counts as not aligned what it saw pass for the domain itself.
DB=$T/itself.db
record 192.0.2.1 9 fail none | sed 's/esp\.example/example.org/' | feedback itself 2026-11-20 >"$T/itself.xml"
exits 'a report that contradicts itself' 0 triage ingest "$T/itself.xml"
run triage digest --since 2026-11-20 --width 400
like 'is not left without a word' "$out" 'receiver contradicts its own results'
exits 'one that does not' 0 triage --db "$T/agrees.db" ingest "$T/b.xml"
unlike 'needs none' "$(triage --db "$T/agrees.db" digest --since 2026-11-20 --width 400)" 'contradicts'

# A name in From that is none below the domain does not count as one.
DB=$T/below.db
for name in news.example.org notexample.org example.org.; do
    record 192.0.2.1 9 fail none | sed "s/<header_from>example.org/<header_from>$name/"
done | feedback below 2026-11-20 | sed 's/<p>reject/&<\/p><sp>none/' >"$T/below.xml"
exits 'names below, beside and of the domain' 0 triage ingest "$T/below.xml"
is 'are told apart' "$(query 'SELECT header_from, subdomain, policy FROM dmarc_rows ORDER BY 1')" \
    'example.org|0|reject
news.example.org|1|none
notexample.org|0|reject'
like 'in the digest as well' "$(triage digest --since 2026-11-20)" \
    '9 messages from names below it, 9 not aligned'
printf '[domain other.example]\nmx = mx.other.example 192.0.2.3\n' >"$T/tlstriage.conf"
exits 'status where that is none of ours' 1 triage status
like 'does not say that no report came' "$out" '^tlstriage WARNING: no TLS report for the last 7 days'
: >"$T/tlstriage.conf"

# Hostile: refused, kept, nothing read, nothing expanded, at once.
echo 'a secret' >"$T/secret"
{
    printf '<?xml version="1.0"?>\n<!DOCTYPE feedback [<!ENTITY x SYSTEM "file://%s/secret">]>\n' "$T"
    printf '<feedback><version>1.0</version><report_metadata><org_name>&x;</org_name><report_id>x</report_id>'
    printf '</report_metadata></feedback>'
} >"$T/xxe.xml"
{
    printf '<?xml version="1.0"?>\n<!DOCTYPE feedback [<!ENTITY l0 "lol">'
    for i in 1 2 3 4 5 6 7 8 9; do
        printf '<!ENTITY l%s "' $i
        for _ in 1 2 3 4 5 6 7 8 9 10; do printf '&l%s;' $((i - 1)); done
        printf '">'
    done
    printf ']>\n<feedback><version>1.0</version><report_metadata><org_name>&l9;</org_name></report_metadata></feedback>'
} >"$T/laughs.xml"
DB=$T/hostile.db
exits 'entities of a file and a billion laughs' 0 triage ingest "$T/xxe.xml" "$T/laughs.xml"
like 'are quarantined' "$out" '2 unreadable and quarantined'
is 'as DMARC reports' "$(query 'SELECT kind, outcome FROM arrivals')" 'dmarc|quarantined
dmarc|quarantined'
like 'with the reason' "$(query 'SELECT problem FROM issues')" 'document type declaration'
ok 'the file was not read' sh -c "! grep -q 'a secret' '$DB'*"
exits 'they are tried again' 0 triage reparse
like 'in vain' "$out" '^2 read again, 0 changed, 0 no longer readable'

# Other XML has an element of that name, too; where the mail says that it is a report, it is broken.
DB=$T/other.db
echo '<?xml version="1.0"?><survey><feedback>Nice</feedback></survey>' >"$T/survey.xml"
echo '<?xml version="1.0"?><feedback><rating>5</rating></feedback>' >"$T/rating.xml"
# mail NAME SUBJECT
mail() {
    printf 'From: a@b.example\nSubject: %s\nMessage-ID: <%s@b.example>\nMIME-Version: 1.0\n' "$2" "$1"
    printf 'Content-Type: text/xml; name="a.xml"\n\n'
    cat "$T/rating.xml"
}
mail ours 'How was it?' >"$T/ours.eml"
mail claims 'Report Domain: example.org Submitter: b.example Report-ID: 1' >"$T/claims.eml"
exits 'other XML' 0 triage ingest "$T/survey.xml" "$T/rating.xml" "$T/ours.eml"
is 'is no report' "$(query 'SELECT DISTINCT kind, outcome FROM arrivals')" 'other|ignored'
exits 'nor where a report should be' 0 triage ingest "$T/claims.eml"
is 'but that is quarantined' \
    "$(query 'SELECT kind, outcome FROM arrivals WHERE outcome <> "ignored"')" 'dmarc|quarantined'
{
    printf 'From: b@b.example\nSubject: Re: Report Domain: example.org Submitter: b.example\n'
    printf 'Auto-Submitted: auto-replied\nMIME-Version: 1.0\n'
    printf 'Content-Type: application/zip; name="signature.zip"\n\nno zip\n'
} >"$T/away.eml"
exits 'an automatic reply' 0 triage ingest "$T/away.eml"
is 'brings no report' "$(query 'SELECT kind, outcome FROM arrivals WHERE subject LIKE "Re: %"')" \
    'other|ignored'
iconv -f UTF-8 -t UTF-16 "$T/a.xml" >"$T/wide.xml"
exits 'a report in UTF-16' 0 triage ingest "$T/wide.xml"
is 'is read' "$(query 'SELECT sum(messages) FROM dmarc_rows')" 94

{ record 192.0.2.1 5 pass none; record 192.0.2.2 6 fail none; echo '&'; record 192.0.2.3 7 pass none; } |
    feedback cutwide 2026-11-20 | iconv -f UTF-8 -t UTF-16 >"$T/cutwide.xml"
exits 'a broken one in UTF-16' 0 triage ingest "$T/cutwide.xml"
is 'is read up to there' "$(query 'SELECT group_concat(messages) FROM dmarc_rows
    WHERE report = (SELECT report FROM dmarc_reports WHERE external_id = "cutwide")')" '5,6'
like 'and that is said' "$(query 'SELECT problem FROM issues')" \
    '^not well-formed: line .*; its whole records before that are used: 2$'

# Broken: what can be used is used.
DB=$T/broken.db
{ record 192.0.2.1 5 pass none; printf '<x>&y;<'; record 192.0.2.2 6 fail none; record 1 7 fail none; } |
    feedback broken 2026-11-20 | head -c -80 >"$T/broken.xml"
exits 'a broken report that is cut off' 0 triage ingest "$T/broken.xml"
is 'gives its whole records' "$(query 'SELECT source_ip, messages FROM dmarc_rows')" '192.0.2.1|5
192.0.2.2|6'
like 'and says what was wrong' "$(query 'SELECT clause, problem FROM issues')" \
    '^XML 1\.0, section 2\.1\|not well-formed, mended: line'
exits 'a digest of its day' 0 triage digest --since 2026-11-20
like 'tells that there was something' "$out" '^ *Issues +.*xml [0-9]'
is 'and its question answers with what' "$(query "$(printf '%s\n' "$out" |
    sed -n '/^ *SELECT coalesce/,/GROUP BY/{s/"$//;p;}')" | grep -c '^Receiver|.*not well-formed, mended')" 1

# Large: read while it is unpacked, in memory that does not grow with it.
DB=$T/large.db
rows() {
    awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++)
        printf "<record><row><source_ip>2001:db8::%x:%x</source_ip><count>1</count>" \
            "<policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>" \
            "</policy_evaluated></row><identifiers><header_from>example.org</header_from>" \
            "</identifiers><auth_results><dkim><domain>example.org</domain><selector>s%d" \
            "</selector><result>fail</result></dkim><spf><domain>example.net</domain><result>" \
            "softfail</result></spf></auth_results></record>\n", i / 65536, i % 65536, i % 7 }'
}
rows 100000 | feedback large 2026-11-20 >"$T/large.xml"
gzip -k "$T/large.xml"
# Whole in memory it would not fit. Built with sanitisers, the program cannot start like this.
bounded() {
    sh -c 'ulimit -v 400000; exec "$@"' sh "$@"
}
bounded "$TLSTRIAGE" --version >/dev/null 2>&1 || bounded() { "$@"; }
exits '100000 rows in little memory' 0 bounded "$TLSTRIAGE" --db "$DB" --config "$T/tlstriage.conf" \
    --now "$NOW" ingest "$T/large.xml.gz"
is 'are all there' \
    "$(query 'SELECT count(*), sum(messages), count(DISTINCT source_ip) FROM dmarc_rows')" \
    '100000|100000|100000'
exits 'it comes as it is' 0 bounded "$TLSTRIAGE" --db "$DB" --config "$T/tlstriage.conf" \
    --now "$NOW" ingest - <"$T/large.xml"
like 'and is known' "$out" '1 DMARC report already known'
ok 'the store is small' test "$(wc -c <"$DB")" -lt 40000000
done_testing
