# What the tests of the mail server recipes share; read after cli.sh.
#
# The program as the recipe sees it is $program, a script that passes everything to the real one
# with the store $store. A recipe runs it as $user, who owns the folder of the store.
user=nobody
for name in tlstriage irc; do
    ! id "$name" >/dev/null 2>&1 || { user=$name; break; }
done
group=$(id -gn "$user")
store=$T/store/tlstriage.db
program=$T/bin/tlstriage
chmod 755 "$T"
mkdir "$T/bin" "$T/store"
chown "$user:$group" "$T/store"
chmod 750 "$T/store"
cp "$TLSTRIAGE" "$T/bin/program"

# installed, missing, broken, killed: the states in which a recipe may meet the program.
installed() {
    printf '#!/bin/sh\nexec %s --db %s "$@"\n' "$T/bin/program" "$store" >"$program.new"
    chmod 755 "$program.new"
    mv "$program.new" "$program"
}

missing() {
    rm -f "$program"
}

# What the loader does where a library is missing, as in the middle of an upgrade.
broken() {
    printf '#!/bin/sh\nexit 127\n' >"$program.new"
    chmod 755 "$program.new"
    mv "$program.new" "$program"
}

killed() {
    printf '#!/bin/sh\nkill -9 $$\n' >"$program.new"
    chmod 755 "$program.new"
    mv "$program.new" "$program"
}

# recipe FILE: with the paths and the user of this test.
recipe() {
    sed "s|/usr/bin/tlstriage|$program|; s|user=tlstriage:tlstriage|user=$user:$group|
         s|user = tlstriage\$|user = $user|; s|group = tlstriage\$|group = $group|" "$1"
}

# mail NUMBER: one report by mail, each with a report-id of its own.
mail() {
    cat <<END
From: reports@reporter.example
To: tlsrpt@test.example
Subject: Report Domain: test.example Submitter: reporter.example Report-ID: <$1@reporter.example>
Message-ID: <$1.$$@reporter.example>
MIME-Version: 1.0
TLS-Report-Domain: test.example
TLS-Report-Submitter: reporter.example
Content-Type: application/tlsrpt+json

{"organization-name": "Reporter", "report-id": "$1@reporter.example",
 "contact-info": "reports@reporter.example",
 "date-range": {"start-datetime": "2026-11-21T00:00:00Z", "end-datetime": "2026-11-21T23:59:59Z"},
 "policies": [{"policy": {"policy-type": "no-policy-found", "policy-domain": "test.example"},
   "summary": {"total-successful-session-count": $1, "total-failure-session-count": 0}}]}
END
}

stored() {
    sqlite3 -readonly -batch "$store" 'SELECT count(*) FROM reports' 2>/dev/null || echo none
}

# root_made_it: a store that root was the first to touch.
root_made_it() {
    rm -f "$store"*
    mail 999 | "$T/bin/program" --db "$store" deliver
    chown root:root "$store"*
}

# within SECONDS COMMAND...: true as soon as COMMAND is.
within() {
    left=$(($1 * 5))
    shift
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.2
    done
}
