"""Each file of a corpus into a store of its own, compared with its facts through the public views;
then all of them twice into one store, of which the second time may change nothing.

expected.json: {file: [fact, ...]}, one fact for each report in the file. "kind" is tlsrpt, dmarc,
xml-error (a DMARC report that strict XML readers refuse) or unknown (no report).
"""
import datetime
import ipaddress
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

NOW = "2026-11-22T00:00:00Z"
NOT_MESSAGES = ("INDEX.tsv", "expected.json")

# Column of the view failures: the names that reporters use for it.
DETAIL_FIELDS = {
    "result_type": ("result-type",),
    "sending_ip": ("sending-mta-ip",),
    "receiving_ip": ("receiving-ip",),
    "mx": ("receiving-mx-hostname", "receiving-mx-host-name"),
    "helo": ("receiving-mx-helo",),
    "reason_code": ("failure-reason-code", "failure-error-code"),
    "additional_information": ("additional-information", "additional-info-uri"),
    "sessions": ("failed-session-count",),
}

# What the program says beside what a reporter wrote.
ALIASES = {key: column for column, keys in DETAIL_FIELDS.items() for key in keys}


class Checker:
    """Counts what holds and tells what does not."""

    def __init__(self, program, config):
        self.program = program
        self.config = config
        self.passed = 0
        self.failed = 0

    def equal(self, what, found, wanted):
        if found == wanted:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {what}: {found!r}, not {wanted!r}")

    def ingest(self, path, store):
        run = subprocess.run(
            [self.program, "ingest", "--config", self.config, "--now", NOW, "--db", store, path],
            capture_output=True, text=True, errors="replace", timeout=120, check=False)
        self.equal(f"{os.path.basename(path)}: exit status", (run.returncode, run.stderr), (0, ""))


def rows(store, query, parameters=()):
    connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        return connection.execute(query, parameters).fetchall()
    finally:
        connection.close()


def dump(store):
    connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def trimmed(text):
    """Empty and missing are one; so are texts but for blanks around them."""
    return str(text).strip() or None if text is not None else None


def name(text):
    text = trimmed(text)
    return text.lower().rstrip(".") if text else None


def address(text):
    text = trimmed(text)
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


def helo(text):
    text = trimmed(text)
    if text is None:
        return None
    return text.removeprefix("250-").removeprefix("250 ").split()[0]


def lower(text):
    text = trimmed(text)
    return text.lower() if text else None


def utc(text):
    time = datetime.datetime.fromisoformat(text)
    if time.tzinfo is None:
        time = time.replace(tzinfo=datetime.timezone.utc)
    return time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


NORMAL = {"result_type": lower, "sending_ip": address, "receiving_ip": address, "mx": name,
          "helo": helo, "reason_code": trimmed, "additional_information": trimmed}


def hosts(value):
    """mx-host, which some write as a string; "mx:" is a slip of some policies."""
    if isinstance(value, str):
        value = [value]
    found = [name(host.removeprefix("mx:")) for host in value or []]
    return [host for host in found if host]


def check_detail(check, where, row, fact):
    for key in fact:
        check.equal(f"{where}: field {key} is known", key in ALIASES, True)
    for column, keys in DETAIL_FIELDS.items():
        given = [fact[key] for key in keys if key in fact]
        value = given[0] if given else None
        found = row[column]
        if column == "sessions":
            if value is not None:
                check.equal(f"{where}: {column}", found, int(value))
            else:
                check.equal(f"{where}: {column} at least 1", found >= 1, True)
        elif column != "mx" or name(value) is not None:
            check.equal(f"{where}: {column}", found, NORMAL[column](value))


def check_policy(check, where, store, row, fact):
    word = lower(fact["policy_type"])
    known = word in ("sts", "tlsa", "no-policy-found")
    check.equal(f"{where}: policy_type", row["policy_type"], word if known else "other")
    check.equal(f"{where}: reported_type", row["reported_type"], word)
    if fact["policy_domain"]:
        check.equal(f"{where}: policy_domain", row["policy_domain"], name(fact["policy_domain"]))
    # The facts know no other key than mx-host; where that is missing they say nothing.
    if fact["mx_host"] is not None:
        check.equal(f"{where}: mx_hosts", json.loads(row["mx_hosts"]), hosts(fact["mx_host"]))
    if fact["policy_string_kind"] == "NoneType":
        check.equal(f"{where}: policy_strings", json.loads(row["policy_strings"]), [])
    for column, key in (("successes", "ok"), ("failures", "fail")):
        if fact[key] is not None:
            check.equal(f"{where}: {column}", row[column], int(fact[key]))
    details = rows(store, "SELECT * FROM failures WHERE policy = ? ORDER BY failure",
                   (row["policy"],))
    check.equal(f"{where}: details", len(details), len(fact["details"]))
    for index, (detail, wanted) in enumerate(zip(details, fact["details"])):
        check_detail(check, f"{where}, detail {index}", detail, wanted)


def check_report(check, where, store, row, fact):
    if trimmed(fact["org"]):
        check.equal(f"{where}: organization", row["organization"], trimmed(fact["org"]))
    check.equal(f"{where}: external_id", row["external_id"], trimmed(fact["report_id"]))
    check.equal(f"{where}: contact", row["contact"], trimmed(fact["contact"]))
    check.equal(f"{where}: begins_at", row["begins_at"], utc(fact["start"]))
    check.equal(f"{where}: ends_at", row["ends_at"], utc(fact["end"]))
    policies = rows(store, "SELECT * FROM policies WHERE report = ? ORDER BY policy",
                    (row["report"],))
    check.equal(f"{where}: policies", len(policies), len(fact["policies"]))
    for index, (policy, wanted) in enumerate(zip(policies, fact["policies"])):
        check_policy(check, f"{where}, policy {index}", store, policy, wanted)


def distinct(facts):
    """A report that stands twice in a file is stored once."""
    seen = {}
    for fact in facts:
        seen.setdefault(fact["payload_sha256"], fact)
    return list(seen.values())


def check_reports(check, file, store, facts):
    reports = rows(store, "SELECT * FROM reports ORDER BY report")
    check.equal(f"{file}: reports", len(reports), len(facts))
    for index, (report, fact) in enumerate(zip(reports, facts)):
        check_report(check, f"{file}, report {index}", store, report, fact)


def check_arrivals(check, file, store, facts):
    arrivals = rows(store, "SELECT kind, outcome FROM arrivals")
    found = [(row["kind"], row["outcome"]) for row in arrivals]
    kinds = [fact["kind"] for fact in facts]
    check.equal(f"{file}: TLS reports stored", ("tlsrpt", "stored") in found, "tlsrpt" in kinds)
    dmarc = [pair for pair in found if pair[0] == "dmarc"]
    check.equal(f"{file}: DMARC reports kept", set(dmarc),
                {("dmarc", "stored")} if {"dmarc", "xml-error"} & set(kinds) else set())
    check.equal(f"{file}: number of DMARC reports", len(dmarc),
                kinds.count("dmarc") + kinds.count("xml-error"))
    others = [pair for pair in found if pair[0] not in ("tlsrpt", "dmarc")]
    check.equal(f"{file}: all else is ignored", {outcome for _, outcome in others} - {"ignored"},
                set())
    if not set(kinds) - {"unknown"}:
        check.equal(f"{file}: one arrival without report", len(others), 1)


def check_file(check, folder, file, facts, scratch):
    store = os.path.join(scratch, f"{file}.db")
    check.ingest(os.path.join(folder, file), store)
    check_reports(check, file, store, distinct([f for f in facts if f["kind"] == "tlsrpt"]))
    check_arrivals(check, file, store, facts)


def check_twice(check, folder, expected, scratch):
    """The second time nothing may change; what stands in several files is there once."""
    store = os.path.join(scratch, "all.db")
    inputs = os.path.join(scratch, "all")
    os.mkdir(inputs)
    for file in expected:
        os.symlink(os.path.join(os.path.abspath(folder), file), os.path.join(inputs, file))
    check.ingest(inputs, store)
    before = dump(store)
    check.ingest(inputs, store)
    after = dump(store)
    check.equal("ingesting all again: rows changed", sorted(set(before) ^ set(after))[:5], [])
    check.equal("ingesting all again: rows", len(after), len(before))
    wanted = {(fact["org"], fact["report_id"], utc(fact["start"]))
              for facts in expected.values() for fact in facts if fact["kind"] == "tlsrpt"}
    found = {(row["organization"], row["external_id"], row["begins_at"])
             for row in rows(store, "SELECT * FROM reports")}
    check.equal("all together: reports", found, wanted)


def main():
    program, folder = sys.argv[1:]
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
        expected = json.load(file)
    present = sorted(set(os.listdir(folder)) - set(NOT_MESSAGES))
    with tempfile.TemporaryDirectory(prefix="tlstriage-corpus.") as scratch:
        config = os.path.join(scratch, "empty.conf")
        with open(config, "w", encoding="utf-8"):
            pass
        check = Checker(program, config)
        check.equal("files with facts", sorted(expected), present)
        for file in present:
            before = check.failed
            check_file(check, folder, file, expected.get(file, []), scratch)
            print(f"{'FAIL' if check.failed > before else 'ok  '} {file}")
        check_twice(check, folder, expected, scratch)
    print(f"{check.passed} passed, {check.failed} failed")
    return 1 if check.failed or not check.passed else 0


if __name__ == "__main__":
    sys.exit(main())
