-- The public views of DMARC reports. As in views.sql: made anew at every migration.

DROP VIEW IF EXISTS dmarc_reports;
DROP VIEW IF EXISTS dmarc_rows;

CREATE VIEW dmarc_reports AS
SELECT r.id AS report,
       r.organization,
       r.external_id,
       r.contact,
       r.domain,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.begins_at, 'unixepoch') AS begins_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.ends_at, 'unixepoch') AS ends_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', a.received_at, 'unixepoch') AS received_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.ingested_at, 'unixepoch') AS ingested_at,
       a.authenticated,
       a.source,
       nullif(r.p, '') AS p,
       nullif(r.sp, '') AS sp,
       nullif(r.np, '') AS np,
       nullif(r.adkim, '') AS adkim,
       nullif(r.aspf, '') AS aspf,
       r.pct,
       r.testing,
       r.fo,
       r.discovery_method,
       r.form,
       r.version,
       r.generator,
       r.extra_contact,
       r.error,
       (SELECT count(*) FROM dmarc_row w WHERE w.report = r.id) AS rows,
       (SELECT coalesce(sum(messages), 0) FROM dmarc_row w WHERE w.report = r.id) AS messages,
       (SELECT count(*) FROM issue i WHERE i.dmarc_report = r.id) AS issues,
       r.superseded_by,
       a.message_id
  FROM dmarc_report r JOIN arrival a ON a.id = r.arrival;

-- Only reports that count: a superseded revision is left out. The policy that holds for a row is p
-- for the domain itself, below it sp, else p; np, which only names that do not exist have, stands
-- beside it.
CREATE VIEW dmarc_rows AS
SELECT w.report,
       date(r.begins_at, 'unixepoch') AS day,
       r.organization,
       r.domain,
       w.source_ip,
       w.messages,
       nullif(w.disposition, '') AS disposition,
       w.dkim_aligned,
       w.spf_aligned,
       w.dkim_aligned IS 1 OR w.spf_aligned IS 1 AS aligned,
       w.header_from,
       w.envelope_from,
       w.envelope_to,
       coalesce(substr(w.header_from, -length(r.domain) - 1) = '.' || r.domain, 0) AS subdomain,
       nullif(CASE WHEN r.sp <> ''
                    AND substr(w.header_from, -length(r.domain) - 1) = '.' || r.domain
                   THEN r.sp ELSE r.p END, '') AS policy,
       nullif(r.p, '') AS p,
       nullif(r.sp, '') AS sp,
       nullif(r.np, '') AS np,
       r.pct,
       r.testing,
       w.dkim_domain,
       w.dkim_selector,
       w.dkim_result,
       w.spf_domain,
       w.spf_scope,
       w.spf_result,
       w.reason,
       coalesce((SELECT items FROM dmarc_list l WHERE l.id = w.reasons), '[]') AS reasons,
       coalesce((SELECT items FROM dmarc_list l WHERE l.id = w.dkim), '[]') AS dkim,
       coalesce((SELECT items FROM dmarc_list l WHERE l.id = w.spf), '[]') AS spf,
       nullif(w.dkim_said, '') AS dkim_evaluated,
       nullif(w.spf_said, '') AS spf_evaluated,
       w.id AS dmarc_row
  FROM dmarc_row w JOIN dmarc_report r ON r.id = w.report
 WHERE r.superseded_by IS NULL;
