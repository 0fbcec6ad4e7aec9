-- DMARC aggregate reports (RFC 7489, appendix C; RFC 9990), beside report and its kin. They were
-- only kept until now: what lies in unread with later = 1 is read by `tlstriage reparse`.

-- One report. Revisions as with TLS reports: superseded_by is NULL in the one that counts.
CREATE TABLE dmarc_report (
    id INTEGER PRIMARY KEY,
    arrival INTEGER NOT NULL REFERENCES arrival (id) ON DELETE CASCADE,
    content_hash BLOB NOT NULL UNIQUE CHECK (length(content_hash) = 32),
    identity_hash BLOB NOT NULL CHECK (length(identity_hash) = 32),
    superseded_by INTEGER REFERENCES dmarc_report (id) ON DELETE SET NULL,
    organization TEXT NOT NULL,     -- org_name, else the domain of email, '' where unknown
    external_id TEXT,               -- report_id
    contact TEXT,                   -- email
    extra_contact TEXT,             -- extra_contact_info
    generator TEXT,
    error TEXT,                     -- error of report_metadata: what is wrong with our record
    form TEXT NOT NULL,             -- none, rfc7489, rfc9990, other: by its namespace
    version TEXT,                   -- as written
    begins_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    domain TEXT NOT NULL,           -- of policy_published, '' where unknown
    p TEXT NOT NULL,                -- none, quarantine, reject; '' where not said, as below
    sp TEXT NOT NULL,
    np TEXT NOT NULL,
    adkim TEXT NOT NULL,            -- r, s
    aspf TEXT NOT NULL,
    pct INTEGER,                    -- NULL where not said
    testing INTEGER NOT NULL,       -- 1: t=y
    fo TEXT,
    discovery_method TEXT,
    ingested_at INTEGER NOT NULL
) STRICT;
CREATE INDEX dmarc_report_arrival ON dmarc_report (arrival);
CREATE INDEX dmarc_report_identity ON dmarc_report (identity_hash);
CREATE INDEX dmarc_report_superseded ON dmarc_report (superseded_by)
    WHERE superseded_by IS NOT NULL;
CREATE INDEX dmarc_report_ingested ON dmarc_report (ingested_at);
CREATE INDEX dmarc_report_domain ON dmarc_report (domain, begins_at);

-- Its XML as it came, so that a later version can read it again.
CREATE TABLE dmarc_xml (
    report INTEGER PRIMARY KEY REFERENCES dmarc_report (id) ON DELETE CASCADE,
    encoding TEXT NOT NULL CHECK (encoding IN ('gzip', 'zip', 'plain')),
    part TEXT,                      -- place in the arrival
    file_name TEXT,                 -- of the attachment or file
    report_domain TEXT,             -- of an inner message, where the arrival's is another
    report_submitter TEXT,          -- likewise
    subject TEXT,                   -- likewise
    content BLOB NOT NULL
) STRICT;

-- The lists of a row, which many rows share: auth_results, overrides.
CREATE TABLE dmarc_list (
    id INTEGER PRIMARY KEY,
    report INTEGER NOT NULL REFERENCES dmarc_report (id) ON DELETE CASCADE,
    items TEXT NOT NULL             -- JSON array of objects
) STRICT;
CREATE INDEX dmarc_list_report ON dmarc_list (report);

-- One record.
CREATE TABLE dmarc_row (
    id INTEGER PRIMARY KEY,
    report INTEGER NOT NULL REFERENCES dmarc_report (id) ON DELETE CASCADE,
    source_ip TEXT,
    messages INTEGER NOT NULL,      -- count
    disposition TEXT NOT NULL,      -- none, pass, quarantine, reject; '' where not said
    dkim_aligned INTEGER,           -- 1, 0; NULL where nothing tells
    spf_aligned INTEGER,
    dkim_said TEXT NOT NULL,        -- policy_evaluated: pass, fail; '' where not said
    spf_said TEXT NOT NULL,
    header_from TEXT,
    envelope_from TEXT,
    envelope_to TEXT,
    dkim_domain TEXT,               -- of the result that tells most
    dkim_selector TEXT,
    dkim_result TEXT,
    spf_domain TEXT,
    spf_scope TEXT,
    spf_result TEXT,
    reason TEXT,                    -- type of the first override
    dkim INTEGER,                   -- dmarc_list.id: all results, and here all overrides. No
    spf INTEGER,                    -- foreign keys: they would be looked for in all rows when a
    reasons INTEGER                 -- list goes
) STRICT;
CREATE INDEX dmarc_row_report ON dmarc_row (report);

-- An issue may belong to a DMARC report.
ALTER TABLE issue ADD COLUMN dmarc_report INTEGER REFERENCES dmarc_report (id) ON DELETE CASCADE;
CREATE INDEX issue_dmarc_report ON issue (dmarc_report) WHERE dmarc_report IS NOT NULL;

-- DMARC reports that were kept unread are no quarantine; those that could not be read are.
ALTER TABLE unread ADD COLUMN later INTEGER NOT NULL DEFAULT 0;
UPDATE unread SET later = 1 WHERE kind = 'dmarc';
DROP TRIGGER unread_added;
DROP TRIGGER unread_resized;
DROP TRIGGER unread_dropped;
DROP INDEX unread_oldest;
DROP INDEX unread_kind;
CREATE INDEX unread_kind ON unread (later, at, size);
CREATE INDEX unread_oldest ON unread (at, id) WHERE later = 0;
CREATE TRIGGER unread_added AFTER INSERT ON unread WHEN new.later = 0
BEGIN
    UPDATE quarantine SET bytes = bytes + new.size;
END;
CREATE TRIGGER unread_resized AFTER UPDATE OF size ON unread WHEN new.later = 0
BEGIN
    UPDATE quarantine SET bytes = bytes + new.size - old.size;
END;
CREATE TRIGGER unread_dropped AFTER DELETE ON unread WHEN old.later = 0
BEGIN
    UPDATE quarantine SET bytes = bytes - old.size;
END;
