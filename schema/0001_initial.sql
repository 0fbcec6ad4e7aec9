-- The store, first form: TLS-RPT reports (RFC 8460) and how they came.
--
-- Conventions. Times are Unix seconds, UTC. Names are lower case A-labels without a final dot.
-- Words (kind, outcome, policy_type ...) are those of schema/vocabulary.c. Texts of strangers are
-- bounded, valid UTF-8, and otherwise as they came. People and dashboards read the views
-- (views.sql); these tables may change with any version.
--
-- Everything hangs on an arrival, or is an issue about something that never arrived. Later
-- migrations add their own rows beside report: dmarc_row and its kin under arrival, delivery and
-- log_failure for the mail server's log, incident with cause and evidence for what analysis finds.

-- One mail or one plain file that came in. The same mail again has the same key and changes
-- nothing.
CREATE TABLE arrival (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE CHECK (length(key) = 32), -- SHA-256: Message-ID and contents
    at INTEGER NOT NULL,            -- when it was taken in
    received_at INTEGER NOT NULL,   -- the mail's Date, else the file's time, else at
    kind TEXT NOT NULL,             -- tlsrpt, dmarc, arf, bounce, log, other
    outcome TEXT NOT NULL,          -- stored, revised, known, quarantined, ignored
    is_mail INTEGER NOT NULL,       -- 1: a mail, 0: a plain file
    authenticated TEXT NOT NULL,    -- pass, fail, none: RFC 8460, section 3
    source TEXT NOT NULL,           -- path and position, or "-"
    sender TEXT,                    -- address of From
    message_id TEXT,                -- without <>
    subject TEXT,
    report_domain TEXT,             -- TLS-Report-Domain
    report_submitter TEXT           -- TLS-Report-Submitter
) STRICT;
CREATE INDEX arrival_at ON arrival (at);

-- One report. A report with the same identity and other content is a revision: both are kept, and
-- superseded_by is NULL in the one that counts.
CREATE TABLE report (
    id INTEGER PRIMARY KEY,
    arrival INTEGER NOT NULL REFERENCES arrival (id) ON DELETE CASCADE,
    content_hash BLOB NOT NULL UNIQUE CHECK (length(content_hash) = 32),
    json_hash BLOB CHECK (length(json_hash) = 32), -- only where a domain came from outside the JSON
    identity_hash BLOB NOT NULL CHECK (length(identity_hash) = 32),
    superseded_by INTEGER REFERENCES report (id) ON DELETE SET NULL,
    organization TEXT NOT NULL,     -- organization-name, else the submitter, else ''
    submitter TEXT,                 -- domain of the sender of the report
    external_id TEXT,               -- report-id
    contact TEXT,                   -- contact-info
    begins_at INTEGER NOT NULL,     -- start-datetime
    ends_at INTEGER NOT NULL,       -- end-datetime
    ingested_at INTEGER NOT NULL,
    classified INTEGER NOT NULL     -- CLASSIFY_VERSION of the rules that judged its failures
) STRICT;
CREATE INDEX report_arrival ON report (arrival);
CREATE INDEX report_identity ON report (identity_hash);
CREATE INDEX report_json_hash ON report (json_hash) WHERE json_hash IS NOT NULL;
CREATE INDEX report_superseded ON report (superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX report_ingested ON report (ingested_at);
CREATE INDEX report_begins ON report (begins_at);

-- The report's own JSON as it came, so that a later version can read it again.
CREATE TABLE report_json (
    report INTEGER PRIMARY KEY REFERENCES report (id) ON DELETE CASCADE,
    encoding TEXT NOT NULL CHECK (encoding IN ('gzip', 'zip', 'plain')),
    part TEXT,                      -- place in the arrival
    file_name TEXT,                 -- of the attachment or file
    report_domain TEXT,             -- of an inner message, where the arrival's is another
    report_submitter TEXT,          -- likewise
    subject TEXT,                   -- likewise
    content BLOB NOT NULL
) STRICT;

-- One element of policies.
CREATE TABLE policy (
    id INTEGER PRIMARY KEY,
    report INTEGER NOT NULL REFERENCES report (id) ON DELETE CASCADE,
    policy_type TEXT NOT NULL,      -- tlsa, sts, no-policy-found, other
    type_word TEXT,                 -- as reported, where it is another word
    mode TEXT,                      -- enforce, testing, none; NULL: not sts, or not quoted
    policy_domain TEXT,             -- as reported; for tlsa often the MX host
    domain TEXT NOT NULL,           -- the recipient domain, '' where unknown
    domain_source TEXT NOT NULL,    -- how it was found
    strings TEXT NOT NULL,          -- policy-string: JSON array of texts
    mx_hosts TEXT NOT NULL,         -- mx-host: JSON array of texts
    successes INTEGER NOT NULL,     -- total-successful-session-count
    failures INTEGER NOT NULL       -- total-failure-session-count
) STRICT;
CREATE INDEX policy_report ON policy (report);
CREATE INDEX policy_of_domain ON policy (domain);

-- One element of failure-details, with our judgement.
CREATE TABLE failure (
    id INTEGER PRIMARY KEY,
    policy INTEGER NOT NULL REFERENCES policy (id) ON DELETE CASCADE,
    result_word TEXT,               -- result-type as reported, lower case
    sending_ip TEXT,
    mx TEXT,                        -- receiving-mx-hostname
    helo TEXT,
    receiving_ip TEXT,
    sessions INTEGER NOT NULL,      -- failed-session-count
    reason_code TEXT,
    additional_information TEXT,
    failure_type TEXT NOT NULL,     -- our class
    layer TEXT NOT NULL,
    mail_effect TEXT NOT NULL
) STRICT;
CREATE INDEX failure_policy ON failure (policy);
CREATE INDEX failure_mx ON failure (mx, failure_type);

-- What is kept though it could not be read (the quarantine), or not yet (DMARC).
CREATE TABLE unread (
    id INTEGER PRIMARY KEY,
    arrival INTEGER NOT NULL REFERENCES arrival (id) ON DELETE CASCADE,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of content before packing
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,             -- dmarc: kept for later; else quarantine
    size INTEGER NOT NULL,          -- bytes of content
    encoding TEXT NOT NULL CHECK (encoding IN ('gzip', 'zip', 'plain')),
    part TEXT,
    file_name TEXT,
    report_domain TEXT,             -- of an inner message, where the arrival's is another
    report_submitter TEXT,          -- likewise
    subject TEXT,                   -- likewise
    clause TEXT,
    problem TEXT,                   -- why it could not be read
    content BLOB NOT NULL
) STRICT;
CREATE INDEX unread_arrival ON unread (arrival);
CREATE INDEX unread_kind ON unread (kind, at, size);
CREATE INDEX unread_oldest ON unread (at, id) WHERE kind <> 'dmarc';

-- How large the quarantine is, kept up by the triggers: to add it up for each thing that goes in
-- would make taking in many of them quadratic.
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    bytes INTEGER NOT NULL
) STRICT;
INSERT INTO quarantine (id, bytes) VALUES (1, 0);
CREATE TRIGGER unread_added AFTER INSERT ON unread WHEN new.kind <> 'dmarc'
BEGIN
    UPDATE quarantine SET bytes = bytes + new.size;
END;
CREATE TRIGGER unread_resized AFTER UPDATE OF size ON unread WHEN new.kind <> 'dmarc'
BEGIN
    UPDATE quarantine SET bytes = bytes + new.size - old.size;
END;
CREATE TRIGGER unread_dropped AFTER DELETE ON unread WHEN old.kind <> 'dmarc'
BEGIN
    UPDATE quarantine SET bytes = bytes - old.size;
END;

-- A departure from a standard, or something that could not be used. Belongs to a report, to an
-- arrival, or to nothing (a file that could not be opened; once for each source and problem).
CREATE TABLE issue (
    id INTEGER PRIMARY KEY,
    arrival INTEGER REFERENCES arrival (id) ON DELETE CASCADE,
    report INTEGER REFERENCES report (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,         -- notice, warning, error
    source TEXT,                    -- where it has no arrival
    part TEXT,
    clause TEXT,
    problem TEXT NOT NULL
) STRICT;
CREATE INDEX issue_arrival ON issue (arrival);
CREATE INDEX issue_report ON issue (report) WHERE report IS NOT NULL;
CREATE INDEX issue_at ON issue (at);
CREATE UNIQUE INDEX issue_of_source ON issue (source, kind, problem) WHERE arrival IS NULL;

-- Digests that were sent, so that the next one begins where the last one ended.
CREATE TABLE digest_sent (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    covers_from INTEGER NOT NULL,
    covers_to INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    message_id TEXT
) STRICT;
