-- The public views: what people, dashboards and scripts rely on. Dropped and made anew at every
-- migration; man/tlstriage-sql.5 documents each column. Times are UTC text, days YYYY-MM-DD.

DROP VIEW IF EXISTS reports;
DROP VIEW IF EXISTS policies;
DROP VIEW IF EXISTS failures;
DROP VIEW IF EXISTS deliveries;
DROP VIEW IF EXISTS log_failures;
DROP VIEW IF EXISTS domain_days;
DROP VIEW IF EXISTS issues;
DROP VIEW IF EXISTS arrivals;

CREATE VIEW reports AS
SELECT r.id AS report,
       r.organization,
       r.submitter,
       r.external_id,
       r.contact,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.begins_at, 'unixepoch') AS begins_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.ends_at, 'unixepoch') AS ends_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', a.received_at, 'unixepoch') AS received_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.ingested_at, 'unixepoch') AS ingested_at,
       a.authenticated,
       a.source,
       (SELECT count(*) FROM issue i WHERE i.report = r.id) AS issues,
       r.superseded_by,
       a.message_id
  FROM report r JOIN arrival a ON a.id = r.arrival;

-- Only reports that count: a superseded revision is left out here and below.
CREATE VIEW policies AS
SELECT p.report,
       p.id AS policy,
       date(r.begins_at, 'unixepoch') AS day,
       r.organization,
       p.domain,
       p.domain_source,
       p.policy_domain,
       p.policy_type,
       p.mode,
       p.strings AS policy_strings,
       p.mx_hosts,
       p.successes,
       p.failures,
       coalesce(p.type_word, p.policy_type) AS reported_type
  FROM policy p JOIN report r ON r.id = p.report
 WHERE r.superseded_by IS NULL;

CREATE VIEW failures AS
SELECT p.report,
       p.id AS policy,
       date(r.begins_at, 'unixepoch') AS day,
       r.organization,
       p.domain,
       p.policy_domain,
       p.policy_type,
       p.mode,
       coalesce(f.mx, CASE WHEN p.policy_type = 'tlsa' AND p.policy_domain <> p.domain
                           THEN p.policy_domain END) AS mx,
       f.sending_ip,
       f.receiving_ip,
       f.result_word AS result_type,
       f.failure_type,
       f.layer,
       f.sessions,
       f.reason_code,
       f.additional_information,
       f.mail_effect,
       f.helo,
       f.id AS failure
  FROM failure f JOIN policy p ON p.id = f.policy JOIN report r ON r.id = p.report
 WHERE r.superseded_by IS NULL;

-- What our own mail server's log tells: sessions by the hour, and each failure.
CREATE VIEW deliveries AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', c.hour * 3600, 'unixepoch') AS hour,
       r.host,
       w.mta,
       r.direction,
       r.domain,
       r.next_hop,
       r.mx,
       w.level,
       w.outcome,
       w.tls_version,
       c.sessions
  FROM log_count c JOIN log_route r ON r.id = c.route JOIN log_words w ON w.id = r.words;

CREATE VIEW log_failures AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', f.at, 'unixepoch') AS at,
       f.host,
       w.mta,
       f.direction,
       f.queue_id,
       f.domain,
       f.next_hop,
       f.mx,
       f.ip,
       w.outcome,
       w.result_type,
       w.failure_type,
       w.detail,
       w.layer,
       coalesce(f.reason, substr(f.line, f.reason_place >> 16, f.reason_place & 0xffff)) AS reason,
       iif(f.returned_at IS NULL, w.mail_effect, 'returned') AS mail_effect,
       f.line,
       w.level,
       w.tls_version,
       f.sessions,
       f.delay,
       f.dsn,
       f.tls_error,
       strftime('%Y-%m-%dT%H:%M:%SZ', f.returned_at, 'unixepoch') AS returned_at,
       f.id AS log_failure,
       strftime('%Y-%m-%dT%H:%M:%SZ', f.stored_at, 'unixepoch') AS stored_at
  FROM log_failure f JOIN log_words w ON w.id = f.words;

-- Direction in is what others report. One session may stand under several policies (RFC 8460,
-- section 4). So for each reporter, domain and day: within a policy type the sum, then the maximum
-- over the types. Direction out is what our log counts, each session once.
CREATE VIEW domain_days AS
SELECT day,
       'in' AS direction,
       domain,
       sum(successes) AS successes,
       sum(failures) AS failures,
       count(*) AS reporters
  FROM (SELECT day, domain, organization, max(successes) AS successes, max(failures) AS failures
          FROM (SELECT date(r.begins_at, 'unixepoch') AS day, p.domain, r.organization,
                       sum(p.successes) AS successes, sum(p.failures) AS failures
                  FROM policy p JOIN report r ON r.id = p.report
                 WHERE r.superseded_by IS NULL
                 GROUP BY 1, p.domain, r.organization, p.policy_type)
         GROUP BY day, domain, organization)
 GROUP BY day, domain
UNION ALL
SELECT date(c.hour * 3600, 'unixepoch') AS day,
       'out' AS direction,
       r.domain,
       sum(iif(w.outcome <> 'failed', c.sessions, 0)) AS successes,
       sum(iif(w.outcome = 'failed', c.sessions, 0)) AS failures,
       count(DISTINCT coalesce(r.host, '')) AS reporters
  FROM log_count c JOIN log_route r ON r.id = c.route JOIN log_words w ON w.id = r.words
 WHERE r.direction = 'out' AND r.domain IS NOT NULL
 GROUP BY 1, r.domain;

CREATE VIEW issues AS
SELECT i.id AS issue,
       strftime('%Y-%m-%dT%H:%M:%SZ', i.at, 'unixepoch') AS at,
       i.kind,
       i.severity,
       coalesce(i.source, a.source) AS source,
       a.message_id,
       a.sender,
       i.report,
       i.part,
       i.clause,
       i.problem,
       i.dmarc_report
  FROM issue i LEFT JOIN arrival a ON a.id = i.arrival;

CREATE VIEW arrivals AS
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', at, 'unixepoch') AS at,
       kind,
       sender,
       message_id,
       outcome,
       subject,
       source,
       authenticated,
       strftime('%Y-%m-%dT%H:%M:%SZ', received_at, 'unixepoch') AS received_at,
       is_mail
  FROM arrival;
