#include "schema/store_private.h"

#define HOUR_OF_FAILURE "(f.at - (f.at % 3600 + 3600) % 3600) / 3600"

#define ADD_COUNT(rows)                                                                            \
    "INSERT INTO log_count (hour, route, sessions) VALUES " rows                                   \
    " ON CONFLICT (hour, route) DO UPDATE SET sessions = sessions + excluded.sessions"
#define COUNT_ROW "(?,?,?)"
#define COUNT_ROWS_4 COUNT_ROW "," COUNT_ROW "," COUNT_ROW "," COUNT_ROW

const char *const store_statements[STATEMENT_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_FIND_ARRIVAL] = "SELECT id, authenticated FROM arrival WHERE key = ?1",
    [SQL_ADD_ARRIVAL] = "INSERT INTO arrival (key, at, received_at, kind, outcome, is_mail, "
                        "authenticated, source, sender, message_id, subject, report_domain, "
                        "report_submitter) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
    [SQL_SET_OUTCOME] = "UPDATE arrival SET outcome = ?2 WHERE id = ?1",
    /* With its report out of the quarantine, no part is better than that, unless one was. */
    [SQL_RAISE_OUTCOME] = "UPDATE arrival SET outcome = ?2 WHERE id = ?1 "
                          "AND outcome = 'quarantined'",
    [SQL_FIND_CONTENT] = "SELECT r.id, r.arrival, a.authenticated FROM report r "
                         "JOIN arrival a ON a.id = r.arrival WHERE r.content_hash = ?1",
    /* Where the domain came from outside the JSON, the same JSON may have come without it. */
    [SQL_FIND_JSON] = "SELECT id FROM report WHERE json_hash = ?1 ORDER BY id LIMIT 1",
    [SQL_FIND_IDENTITY] =
        "SELECT r.id, a.authenticated, a.is_mail, a.received_at, a.sender FROM report r "
        "JOIN arrival a ON a.id = r.arrival "
        "WHERE r.identity_hash = ?1 AND r.superseded_by IS NULL ORDER BY r.id DESC LIMIT 100",
    [SQL_FIND_BARE] = "SELECT r.id, a.authenticated, a.is_mail, a.received_at, a.sender "
                      "FROM report r JOIN arrival a ON a.id = r.arrival "
                      "WHERE r.content_hash = ?1 AND r.superseded_by IS NULL",
    [SQL_MOVE_ISSUES] = "UPDATE issue SET arrival = ?2 WHERE report = ?1",
    [SQL_MOVE_REPORT] = "UPDATE report SET arrival = ?2 WHERE id = ?1",
    [SQL_ADD_REPORT] = "INSERT INTO report (arrival, content_hash, json_hash, identity_hash, "
                       "superseded_by, organization, submitter, external_id, contact, begins_at, "
                       "ends_at, ingested_at, classified) "
                       "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
    [SQL_SUPERSEDE] = "UPDATE report SET superseded_by = ?2 WHERE id = ?1",
    [SQL_ADD_JSON] = "INSERT INTO report_json (report, encoding, part, file_name, "
                     "report_domain, report_submitter, subject, content) "
                     "VALUES (?1,?2,?3,?4,?5,?6,?7,?8)",
    [SQL_ADD_POLICY] = "INSERT INTO policy (report, policy_type, type_word, mode, policy_domain, "
                       "domain, domain_source, strings, mx_hosts, successes, failures) "
                       "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
    [SQL_ADD_FAILURE] = "INSERT INTO failure (policy, result_word, sending_ip, mx, helo, "
                        "receiving_ip, sessions, reason_code, additional_information, "
                        "failure_type, layer, mail_effect) "
                        "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
    [SQL_ADD_ISSUE] = "INSERT INTO issue (arrival, report, at, kind, severity, part, clause, "
                      "problem, dmarc_report) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [SQL_ADD_TROUBLE] = "INSERT OR IGNORE INTO issue (at, kind, severity, source, clause, problem) "
                        "VALUES (?1,?2,?3,?4,?5,?6)",
    [SQL_ADD_UNREAD] =
        "INSERT OR IGNORE INTO unread (arrival, hash, at, kind, size, encoding, "
        "part, file_name, report_domain, report_submitter, subject, clause, problem, "
        "content) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
    [SQL_QUARANTINE_SIZE] = "SELECT bytes FROM quarantine",
    [SQL_OLDEST_QUARANTINED] = "SELECT id, size, at FROM unread WHERE later = 0 "
                               "ORDER BY at, id LIMIT 1",
    [SQL_DROP_UNREAD] = "DELETE FROM unread WHERE id = ?1",
    [SQL_POLICIES_OF] = "SELECT id, policy_type, mode, policy_domain, domain, strings, mx_hosts, "
                        "successes, failures, coalesce(type_word, nullif(policy_type, 'other')), "
                        "domain_source FROM policy "
                        "WHERE report = ?1 AND (?2 IS NULL OR domain = ?2) ORDER BY id",
    [SQL_FAILURES_OF] = "SELECT result_word, sending_ip, mx, receiving_ip, sessions, reason_code, "
                        "additional_information, failure_type, mail_effect, helo FROM failure "
                        "WHERE policy = ?1 ORDER BY id",
    /* All organizations at once: each question walks all failures of the place. */
    [SQL_FAILING_DAYS_MX] =
        "SELECT r.organization, r.begins_at - r.begins_at % 86400 FROM failure f "
        "JOIN policy p ON p.id = f.policy JOIN report r ON r.id = p.report "
        "WHERE f.mx = ?2 AND f.failure_type = ?1 AND r.begins_at > ?3 AND r.begins_at <= ?4 "
        "AND r.superseded_by IS NULL GROUP BY 1, 2 ORDER BY 1, 2 DESC",
    [SQL_FAILING_DAYS_DOMAIN] =
        "SELECT r.organization, r.begins_at - r.begins_at % 86400 FROM policy p "
        "JOIN report r ON r.id = p.report JOIN failure f ON f.policy = p.id "
        "WHERE p.domain = ?2 AND f.failure_type = ?1 AND r.begins_at > ?3 AND r.begins_at <= ?4 "
        "AND r.superseded_by IS NULL GROUP BY 1, 2 ORDER BY 1, 2 DESC",
    [SQL_COUNT_ISSUES] = "SELECT kind, count(*) FROM issue WHERE at >= ?1 AND at < ?2 "
                         "GROUP BY kind ORDER BY 2 DESC, 1",
    [SQL_COUNT_ARRIVALS] = "SELECT kind || ' ' || outcome, count(*) FROM arrival "
                           "WHERE at >= ?1 AND at < ?2 GROUP BY 1 ORDER BY 2 DESC, 1",
    [SQL_COUNT_UNREAD] = "SELECT coalesce(sum(later = 0), 0), coalesce(sum(later), 0) "
                         "FROM unread WHERE at >= ?1 AND at < ?2",
    [SQL_LAST_DIGEST] = "SELECT coalesce(max(covers_to), 0) FROM digest_sent",
    [SQL_ADD_DIGEST] = "INSERT INTO digest_sent (at, covers_from, covers_to, recipient) "
                       "VALUES (?1,?2,?3,?4)",
    [SQL_NEXT_REPORT] =
        "SELECT r.id, j.encoding, j.part, j.file_name, j.content, j.report_domain, "
        "j.report_submitter, j.subject, a.received_at, a.sender, "
        "a.message_id, a.subject, a.report_domain, a.report_submitter, a.source, a.is_mail, "
        "a.authenticated "
        "FROM report r JOIN report_json j ON j.report = r.id JOIN arrival a ON a.id = r.arrival "
        "WHERE r.id > ?1 ORDER BY r.id LIMIT 1",
    [SQL_NEXT_UNREAD] = "SELECT u.id, u.encoding, u.part, u.file_name, u.content, u.report_domain, "
                        "u.report_submitter, u.subject, a.received_at, a.sender, "
                        "a.message_id, a.subject, a.report_domain, a.report_submitter, a.source, "
                        "a.is_mail, a.authenticated, u.later "
                        "FROM unread u JOIN arrival a ON a.id = u.arrival "
                        "WHERE u.id > ?1 ORDER BY u.id LIMIT 1",
    [SQL_DROP_POLICIES] = "DELETE FROM policy WHERE report = ?1",
    [SQL_DROP_REPORT_ISSUES] = "DELETE FROM issue WHERE report = ?1 AND kind <> 'revision'",
    [SQL_UPDATE_REPORT] = "UPDATE report SET organization = ?2, submitter = ?3, external_id = ?4, "
                          "contact = ?5, begins_at = ?6, ends_at = ?7, classified = ?8 "
                          "WHERE id = ?1",
    /* Ignored where another report has this content by now: then that one is the known one. */
    [SQL_UPDATE_HASHES] = "UPDATE OR IGNORE report SET content_hash = ?2, json_hash = ?3, "
                          "identity_hash = ?4 WHERE id = ?1",
    [SQL_ARRIVAL_OF] = "SELECT arrival, ingested_at FROM report WHERE id = ?1",
    [SQL_ARRIVAL_OF_UNREAD] = "SELECT arrival FROM unread WHERE id = ?1",
    /* All that can change where a report is read again. */
    [SQL_PRINT_POLICIES] =
        "SELECT id, json_array(policy_type, type_word, mode, policy_domain, domain, "
        "domain_source, strings, mx_hosts, successes, failures) FROM policy WHERE report = ?1 "
        "ORDER BY id",
    [SQL_PRINT_FAILURES] =
        "SELECT json_array(result_word, sending_ip, mx, helo, receiving_ip, sessions, "
        "reason_code, additional_information, failure_type, layer, mail_effect) FROM failure "
        "WHERE policy = ?1 ORDER BY id",
    [SQL_LIST_QUARANTINE] =
        "SELECT u.id, u.at, length(u.content), u.kind, a.sender, coalesce(u.subject, a.subject), "
        "a.source, u.part, u.file_name, u.problem, u.clause "
        "FROM unread u JOIN arrival a ON a.id = u.arrival "
        "WHERE u.later = 0 ORDER BY u.at, u.id",
    [SQL_FIND_QUARANTINED] =
        "SELECT u.id, u.at, length(u.content), u.kind, a.sender, coalesce(u.subject, a.subject), "
        "a.source, u.part, u.file_name, u.problem, u.clause, u.encoding, u.content "
        "FROM unread u JOIN arrival a ON a.id = u.arrival "
        "WHERE u.id = ?1 AND u.later = 0",
    [SQL_DROP_QUARANTINED] = "DELETE FROM unread WHERE id = ?1 AND later = 0",
    [SQL_DATA_VERSION] = "PRAGMA data_version",
    [SQL_FIND_MARKS] = "SELECT id, marks FROM log_mark WHERE hour = ?1 AND host = ?2 ORDER BY id",
    [SQL_ADD_MARKS] = "INSERT INTO log_mark (hour, host, marks) VALUES (?1,?2,?3)",
    [SQL_SET_MARKS] = "UPDATE log_mark SET marks = ?2 WHERE id = ?1",
    [SQL_FIND_LOG_WORDS] =
        "SELECT id FROM log_words WHERE mta = ?1 AND level = ?2 AND tls_version IS ?3 "
        "AND outcome = ?4 AND result_type IS ?5 AND failure_type IS ?6 AND layer IS ?7 "
        "AND detail IS ?8 AND mail_effect IS ?9",
    [SQL_ADD_LOG_WORDS] =
        "INSERT INTO log_words (mta, level, tls_version, outcome, result_type, failure_type, "
        "layer, detail, mail_effect) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [SQL_ANY_ROUTE] = "SELECT EXISTS (SELECT 1 FROM log_route)",
    [SQL_FIND_ROUTE] =
        "SELECT id FROM log_route WHERE hash = ?7 AND domain IS ?3 AND mx IS ?5 AND host IS ?1 "
        "AND direction = ?2 AND next_hop IS ?4 AND words = ?6",
    [SQL_ADD_ROUTE] = "INSERT INTO log_route (host, direction, domain, next_hop, mx, words, hash) "
                      "VALUES (?1,?2,?3,?4,?5,?6,?7)",
    [SQL_ADD_COUNT] = ADD_COUNT(COUNT_ROW),
    [SQL_ADD_COUNTS] = ADD_COUNT(COUNT_ROWS_4 "," COUNT_ROWS_4 "," COUNT_ROWS_4 "," COUNT_ROWS_4),
    [SQL_ADD_LOG_FAILURE] =
        "INSERT INTO log_failure (at, host, direction, queue_id, domain, next_hop, mx, ip, words, "
        "sessions, delay, dsn, reason, reason_place, tls_error, mark, line, stored_at) "
        "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)",
    [SQL_READ_OPEN] = "SELECT mark, route IS NOT NULL FROM log_open",
    [SQL_ADD_OPEN] = "INSERT INTO log_open (mark, route, hour, sessions) VALUES (?1,?2,?3,?4)",
    [SQL_BOUND_OPEN] = "DELETE FROM log_open WHERE id <= (SELECT max(id) FROM log_open) - ?1",
    [SQL_UNCOUNT_OPEN] =
        "UPDATE log_count SET sessions = log_count.sessions - o.sessions FROM log_open o "
        "WHERE o.mark = ?1 AND o.route = log_count.route AND o.hour = log_count.hour",
    [SQL_DROP_EMPTY_OPEN_COUNT] = "DELETE FROM log_count WHERE sessions <= 0 AND (hour, route) IN "
                                  "(SELECT hour, route FROM log_open WHERE mark = ?1)",
    [SQL_DROP_OPEN_SESSION] = "DELETE FROM log_open WHERE mark = ?1 AND route IS NOT NULL",
    [SQL_DROP_OPEN_FAILURE] = "DELETE FROM log_open WHERE mark = ?1 AND route IS NULL",
    [SQL_DROP_LOG_FAILURE] = "DELETE FROM log_failure WHERE mark = ?1",
    [SQL_FIND_ALONE] = "SELECT " HOUR_OF_FAILURE ", v.mta, v.level, f.host, f.domain, f.next_hop, "
                       "f.mx FROM log_failure f CROSS JOIN log_words v ON v.id = f.words "
                       "WHERE f.mark = ?1 LIMIT 1",
    [SQL_FIND_ALONE_COUNT] =
        "SELECT r.id FROM log_route r CROSS JOIN log_count c ON c.hour = ?1 AND c.route = r.id "
        "AND c.sessions > 0 CROSS JOIN log_words w ON w.id = r.words AND w.outcome = ?3 "
        "WHERE r.hash = ?2 AND r.host IS ?4 AND r.domain IS ?5 AND r.next_hop IS ?6 "
        "AND r.mx IS ?7 LIMIT 1",
    [SQL_UNCOUNT_ALONE] =
        "UPDATE log_count SET sessions = sessions - 1 WHERE hour = ?1 AND route = ?2",
    [SQL_DROP_EMPTY_COUNT] =
        "DELETE FROM log_count WHERE hour = ?1 AND route = ?2 AND sessions = 0",
    [SQL_COUNT_CLIENTS] = "SELECT count(*) FROM log_failure WHERE direction = 'in' "
                          "AND at >= ?1 AND at < ?2 AND host IS ?3",
    /* The line of the earliest, so that the order in which logs are read does not matter. */
    [SQL_ADD_TO_CLIENT] =
        "UPDATE log_failure SET sessions = sessions + ?6, line = iif(?7 < at, ?8, line), "
        "reason = iif(?7 < at, ?9, reason), at = min(at, ?7) "
        "WHERE direction = 'in' AND ip IS ?1 AND at >= ?2 AND at < ?3 AND host IS ?4 "
        "AND (SELECT detail FROM log_words w WHERE w.id = words) IS ?5",
    [SQL_FIND_EXPIRY] = "SELECT min(at) FROM log_expiry WHERE queue_id = ?1 AND host = ?2 "
                        "AND at >= ?3 AND at < ?4",
    [SQL_ADD_EXPIRY] = "INSERT OR IGNORE INTO log_expiry (queue_id, host, at) VALUES (?1,?2,?3)",
    [SQL_FIND_RETURNED] = "SELECT 1 FROM log_failure WHERE queue_id = ?1 AND host IS ?2 "
                          "AND returned_at = ?3 LIMIT 1",
    [SQL_SET_RETURNED] = "UPDATE log_failure SET returned_at = ?3 WHERE queue_id = ?1 "
                         "AND host IS ?2 AND at > ?4 AND at <= ?3 "
                         "AND (returned_at IS NULL OR returned_at > ?3)",
    [SQL_PUT_LOG_PEER] =
        "INSERT INTO log_peer (ip, mx, last_at) VALUES (?1,?2,?3) ON CONFLICT (ip) "
        "DO UPDATE SET mx = excluded.mx, last_at = excluded.last_at "
        "WHERE excluded.last_at >= last_at",
    [SQL_LOG_PEERS] = "SELECT ip, mx FROM log_peer WHERE ip IN (SELECT ip FROM log_failure "
                      "WHERE direction = 'in' AND at >= ?1 AND at < ?2)",
    [SQL_OTHER_CARRIER] = "SELECT carrier, first_at, last_at FROM log_source WHERE host = ?1 "
                          "AND last_at >= ?3 AND first_at <= ?4 AND carrier <> ?2 "
                          "AND min(last_at, ?4) - max(first_at, ?3) > ?5 ORDER BY first_at LIMIT 1",
    [SQL_SPAN_OF_LOG] = "SELECT min(first_at), max(last_at), count(*) FROM log_source "
                        "WHERE host = ?1 AND last_at >= ?3 - ?5 AND first_at <= ?4 + ?5 "
                        "AND carrier = ?2",
    [SQL_DROP_LOG_SPANS] = "DELETE FROM log_source WHERE host = ?1 "
                           "AND last_at >= ?3 AND first_at <= ?4 AND carrier = ?2",
    [SQL_ADD_LOG_SPAN] = "INSERT INTO log_source (host, carrier, first_at, last_at) "
                         "VALUES (?1,?2,?3,?4)",
    [SQL_FIND_POSITION] = "SELECT device, inode, offset, context, head_hash, head_length, cursor "
                          "FROM log_position WHERE path = ?1",
    [SQL_PUT_POSITION] = "INSERT OR REPLACE INTO log_position (path, device, inode, offset, "
                         "context, head_hash, head_length, cursor, at) "
                         "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [SQL_LOG_FAILURES] =
        "SELECT f.id, at, host, mta, queue_id, domain, next_hop, mx, ip, level, tls_version, "
        "sessions, outcome, result_type, failure_type, detail, delay, dsn, "
        "coalesce(reason, substr(line, reason_place >> 16, reason_place & 0xffff)), "
        "coalesce(returned_at, 0), line, stored_at, tls_error FROM log_failure f "
        "CROSS JOIN log_words w ON w.id = f.words WHERE at >= ?1 AND at < ?2 "
        "AND direction = ?3 AND (?4 IS NULL OR domain = ?4) ORDER BY at, f.id",
    [SQL_LOG_FAILURE_SPAN] =
        "SELECT min(at), max(at) FROM (SELECT at FROM log_failure WHERE stored_at >= ?1 "
        "AND stored_at <= ?2 AND at <= ?3 AND direction = ?4 UNION ALL "
        "SELECT at FROM log_failure WHERE returned_at >= ?1 AND returned_at <= ?2 "
        "AND at <= ?3 AND direction = ?4)",
    /* Added up before it is joined: there are far fewer kinds of sessions than counts. */
    [SQL_DELIVERIES] =
        "SELECT r.host, w.mta, r.domain, r.next_hop, r.mx, w.level, w.outcome, w.tls_version, "
        "c.sessions, c.first, c.last FROM (SELECT route, sum(sessions) AS sessions, "
        "min(hour) AS first, max(hour) AS last FROM log_count WHERE hour >= ?1 AND hour < ?2 "
        "GROUP BY route) c JOIN log_route r ON r.id = c.route JOIN log_words w ON w.id = r.words "
        "WHERE r.direction = ?3 AND (?4 IS NULL OR r.domain = ?4) ORDER BY r.id",
    [SQL_FIND_DMARC_CONTENT] = "SELECT r.id, r.arrival, a.authenticated FROM dmarc_report r "
                               "JOIN arrival a ON a.id = r.arrival WHERE r.content_hash = ?1",
    [SQL_FIND_DMARC_IDENTITY] =
        "SELECT r.id, a.authenticated, a.is_mail, a.received_at, a.sender FROM dmarc_report r "
        "JOIN arrival a ON a.id = r.arrival "
        "WHERE r.identity_hash = ?1 AND r.superseded_by IS NULL ORDER BY r.id DESC LIMIT 100",
    [SQL_MOVE_DMARC] = "UPDATE dmarc_report SET arrival = ?2 WHERE id = ?1",
    [SQL_MOVE_DMARC_ISSUES] = "UPDATE issue SET arrival = ?2 WHERE dmarc_report = ?1",
    [SQL_SUPERSEDE_DMARC] = "UPDATE dmarc_report SET superseded_by = ?2 WHERE id = ?1",
    [SQL_ADD_DMARC] =
        "INSERT INTO dmarc_report (organization, external_id, contact, extra_contact, generator, "
        "error, form, version, begins_at, ends_at, domain, p, sp, np, adkim, aspf, pct, testing, "
        "fo, discovery_method, arrival, content_hash, identity_hash, superseded_by, ingested_at) "
        "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,"
        "?23,?24,?25)",
    [SQL_ADD_DMARC_XML] = "INSERT INTO dmarc_xml (report, encoding, part, file_name, "
                          "report_domain, report_submitter, subject, content) "
                          "VALUES (?1,?2,?3,?4,?5,?6,?7,?8)",
    [SQL_ADD_DMARC_LIST] = "INSERT INTO dmarc_list (report, items) VALUES (?1,?2)",
    [SQL_ADD_DMARC_ROW] =
        "INSERT INTO dmarc_row (report, source_ip, messages, disposition, dkim_aligned, "
        "spf_aligned, dkim_said, spf_said, header_from, envelope_from, envelope_to, dkim_domain, "
        "dkim_selector, dkim_result, spf_domain, spf_scope, spf_result, reason, dkim, spf, reasons)"
        " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21)",
    [SQL_NEXT_DMARC] =
        "SELECT r.id, j.encoding, j.part, j.file_name, j.content, j.report_domain, "
        "j.report_submitter, j.subject, a.received_at, a.sender, "
        "a.message_id, a.subject, a.report_domain, a.report_submitter, a.source, a.is_mail, "
        "a.authenticated FROM dmarc_report r JOIN dmarc_xml j ON j.report = r.id "
        "JOIN arrival a ON a.id = r.arrival WHERE r.id > ?1 ORDER BY r.id LIMIT 1",
    [SQL_PRINT_DMARC] =
        "SELECT json_array(organization, external_id, contact, extra_contact, generator, error, "
        "form, version, begins_at, ends_at, domain, p, sp, np, adkim, aspf, pct, testing, fo, "
        "discovery_method) FROM dmarc_report WHERE id = ?1",
    [SQL_PRINT_DMARC_ROWS] =
        "SELECT json_array(source_ip, messages, disposition, dkim_aligned, spf_aligned, "
        "dkim_said, spf_said, header_from, envelope_from, envelope_to, dkim_domain, dkim_selector, "
        "dkim_result, spf_domain, spf_scope, spf_result, reason, d.items, s.items, o.items) "
        "FROM dmarc_row r LEFT JOIN dmarc_list d ON d.id = r.dkim "
        "LEFT JOIN dmarc_list s ON s.id = r.spf LEFT JOIN dmarc_list o ON o.id = r.reasons "
        "WHERE r.report = ?1 ORDER BY r.id",
    [SQL_DROP_DMARC_ROWS] = "DELETE FROM dmarc_row WHERE report = ?1",
    [SQL_DROP_DMARC_LISTS] = "DELETE FROM dmarc_list WHERE report = ?1",
    [SQL_DROP_DMARC_ISSUES] = "DELETE FROM issue WHERE dmarc_report = ?1 AND kind <> 'revision'",
    [SQL_UPDATE_DMARC] =
        "UPDATE dmarc_report SET organization = ?1, external_id = ?2, contact = ?3, "
        "extra_contact = ?4, generator = ?5, error = ?6, form = ?7, version = ?8, begins_at = ?9, "
        "ends_at = ?10, domain = ?11, p = ?12, sp = ?13, np = ?14, adkim = ?15, aspf = ?16, "
        "pct = ?17, testing = ?18, fo = ?19, discovery_method = ?20 WHERE id = ?21",
    [SQL_UPDATE_DMARC_HASHES] = "UPDATE OR IGNORE dmarc_report SET content_hash = ?2, "
                                "identity_hash = ?3 WHERE id = ?1",
    [SQL_ARRIVAL_OF_DMARC] = "SELECT arrival, ingested_at FROM dmarc_report WHERE id = ?1",
};
