"""Each file of a corpus into a store of its own, compared with its facts through the public views;
then all of them twice into one store, of which the second time may change nothing.

expected.json: {file: [fact, ...]}, one fact for each report in the file. "kind" is tlsrpt, dmarc,
xml-error (a DMARC report that strict XML readers refuse) or unknown (no report).
"""
import csv
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


def seconds(text):
    """date_range, of which some write a fraction."""
    return utc(datetime.datetime.fromtimestamp(int(float(text)), datetime.timezone.utc).isoformat())


def request(text):
    text = lower(text)
    return text if text in ("none", "quarantine", "reject") else None


def shares(pairs):
    """Messages by word; what says nothing is one, and no message is none."""
    total = {}
    for word, count in pairs:
        word = lower(word) if lower(word) != "none" else None
        total[word] = total.get(word, 0) + int(count)
    return {word: count for word, count in total.items() if count}


def check_dmarc(check, where, store, row, fact):
    org = trimmed(fact["org"])
    domain_of_email = fact["email"].rpartition("@")[2] if fact["email"] else None
    check.equal(f"{where}: organization", row["organization"], org or name(domain_of_email))
    check.equal(f"{where}: external_id", row["external_id"], trimmed(fact["report_id"]))
    check.equal(f"{where}: contact", row["contact"], trimmed(fact["email"]))
    check.equal(f"{where}: domain", row["domain"], name(fact["domain"]))
    check.equal(f"{where}: begins_at", row["begins_at"], seconds(fact["begin"]))
    check.equal(f"{where}: ends_at", row["ends_at"], seconds(fact["end"]))
    check.equal(f"{where}: version", row["version"], trimmed(fact["version"]))
    for column in ("p", "sp", "np"):
        check.equal(f"{where}: {column}", row[column], request(fact[column]))
    check.equal(f"{where}: pct", row["pct"], int(fact["pct"]) if trimmed(fact["pct"]) else None)
    if fact["ns"]:
        check.equal(f"{where}: form", row["form"],
                    "rfc9990" if "dmarc-2.0" in fact["ns"] else "rfc7489")
    check.equal(f"{where}: rows", row["rows"], fact["rows"])
    check.equal(f"{where}: messages", row["messages"], int(fact["count"]))
    records = rows(store, "SELECT * FROM dmarc_rows WHERE report = ?", (row["report"],))
    check.equal(f"{where}: dispositions",
                shares((r["disposition"] or "none", r["messages"]) for r in records),
                shares((word or "none", count) for word, count in fact["dispositions"].items()))
    for column in ("dkim", "spf"):
        check.equal(f"{where}: {column} evaluated",
                    shares((r[f"{column}_evaluated"], r["messages"]) for r in records),
                    shares(fact[column].items()))
        for record in records:
            said, aligned = record[f"{column}_evaluated"], record[f"{column}_aligned"]
            if said is not None:
                check.equal(f"{where}: {column} aligned", aligned, int(said == "pass"))
    check.equal(f"{where}: IPv6", sum(":" in (r["source_ip"] or "") for r in records), fact["v6"])


def check_broken(check, where, row, fact):
    """What the index says that a lenient reader finds; it has no numbers of its own for that."""
    for column, value in fact.items():
        check.equal(f"{where}: {column}", row[column], value)


# Words of the column "expect" of INDEX.tsv, where strict XML readers find nothing.
LENIENT = {"org": "organization", "id": "external_id", "begin": "begins_at", "end": "ends_at",
           "domain": "domain", "row": "rows", "rows": "rows", "message": "messages",
           "messages": "messages"}


def lenient_facts(text):
    """"org AOL id x begin 1 end 2 domain d 3 rows 284 messages" and "begin = end = 1"."""
    words = text.replace("begin = end =", "begin end").replace(",", "").split()
    facts = {}
    for index, word in enumerate(words):
        column = LENIENT.get(word)
        before, after = words[index - 1] if index else "", words[index + 1: index + 3]
        if column in ("rows", "messages") and before.isdigit():
            facts[column] = int(before)
        elif column in ("begins_at", "ends_at"):
            number = next((value for value in after if value.isdigit()), None)
            if number:
                facts[column] = seconds(number)
        elif column and after and before != "empty":
            facts.setdefault(column, after[0])
    return facts


def read_index(folder):
    """{file: [expect, ...]} of those that are broken."""
    found = {}
    with open(os.path.join(folder, "INDEX.tsv"), encoding="utf-8") as file:
        for line in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            text = next((value for value in line.values()
                         if isinstance(value, str) and value.startswith("strict XML fails;")), None)
            if text:
                found.setdefault(line["file"], []).append(text.partition(": ")[2] or text)
    return found


def check_dmarcs(check, file, store, facts, broken):
    reports = rows(store, "SELECT * FROM dmarc_reports ORDER BY report")
    whole = [fact for fact in facts if fact["kind"] == "dmarc"]
    check.equal(f"{file}: DMARC reports", len(reports), len(whole) + len(broken))
    for index, (report, fact) in enumerate(zip(reports, whole)):
        check_dmarc(check, f"{file}, DMARC report {index}", store, report, fact)
    for report, text in zip(reports[len(whole):], broken):
        wanted = lenient_facts(text)
        check.equal(f"{file}: the index tells of it", len(wanted) >= 5, True)
        check_broken(check, file, report, wanted)


def check_arrivals(check, file, store, facts):
    arrivals = rows(store, "SELECT kind, outcome FROM arrivals")
    found = [(row["kind"], row["outcome"]) for row in arrivals]
    kinds = [fact["kind"] for fact in facts]
    check.equal(f"{file}: TLS reports stored", ("tlsrpt", "stored") in found, "tlsrpt" in kinds)
    dmarc = [pair for pair in found if pair[0] == "dmarc"]
    check.equal(f"{file}: DMARC reports stored", set(dmarc),
                {("dmarc", "stored")} if {"dmarc", "xml-error"} & set(kinds) else set())
    check.equal(f"{file}: number of DMARC reports", len(dmarc),
                kinds.count("dmarc") + kinds.count("xml-error"))
    others = [pair for pair in found if pair[0] not in ("tlsrpt", "dmarc")]
    check.equal(f"{file}: all else is ignored", {outcome for _, outcome in others} - {"ignored"},
                set())
    if not set(kinds) - {"unknown"}:
        check.equal(f"{file}: one arrival without report", len(others), 1)


def check_file(check, folder, file, facts, broken, scratch):
    store = os.path.join(scratch, f"{file}.db")
    check.ingest(os.path.join(folder, file), store)
    check_reports(check, file, store, distinct([f for f in facts if f["kind"] == "tlsrpt"]))
    check_dmarcs(check, file, store, distinct(facts), broken)
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
    wanted = {(fact["report_id"], name(fact["domain"]), seconds(fact["begin"]))
              for facts in expected.values() for fact in facts if fact["kind"] == "dmarc"}
    found = {(row["external_id"], row["domain"], row["begins_at"])
             for row in rows(store, "SELECT * FROM dmarc_reports")}
    check.equal("all together: DMARC reports missing", wanted - found, set())


def main():
    program, folder = sys.argv[1:]
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
        expected = json.load(file)
    index = read_index(folder)
    present = sorted(set(os.listdir(folder)) - set(NOT_MESSAGES))
    with tempfile.TemporaryDirectory(prefix="tlstriage-corpus.") as scratch:
        config = os.path.join(scratch, "empty.conf")
        with open(config, "w", encoding="utf-8"):
            pass
        check = Checker(program, config)
        check.equal("files with facts", sorted(expected), present)
        for file in present:
            before = check.failed
            check_file(check, folder, file, expected.get(file, []), index.get(file, []), scratch)
            print(f"{'FAIL' if check.failed > before else 'ok  '} {file}")
        check_twice(check, folder, expected, scratch)
    print(f"{check.passed} passed, {check.failed} failed")
    return 1 if check.failed or not check.passed else 0


if __name__ == "__main__":
    sys.exit(main())
