-- The mail server's own log: sessions as hourly counts, failures as rows, and what lets a line that
-- is read again be known. Conventions as in 0001_initial.sql.
--
-- Nothing here points at an arrival: a log is read over and over as it grows, and what came of it
-- is told by host and hour, not by file.

-- Words of the vocabulary that a count or a failure is told with, each set of them once: as texts
-- they would be a third of all. There are as few sets as the vocabulary has senses; none is dropped.
CREATE TABLE log_words (
    id INTEGER PRIMARY KEY,
    mta TEXT NOT NULL,              -- postfix, exim, halon, powermta, unknown
    level TEXT NOT NULL,            -- what was asked of the session: none, may ... unknown
    tls_version TEXT,               -- NULL: none, or not told
    outcome TEXT NOT NULL,          -- of a count: verified, trusted ... failed, unknown; of a
                                    -- failure: deferred, bounced, throttled, plaintext ...
    result_type TEXT,               -- word of RFC 8460, section 4.3; NULL: the line earns none
    failure_type TEXT,              -- our class; NULL, as what follows: of a count
    layer TEXT,
    detail TEXT,                    -- the finer word of the line
    mail_effect TEXT                -- of this attempt; see log_failure.returned_at
) STRICT;

-- A kind of session. Counts refer to it, so that a name stands in the store once for each kind and
-- not once for each hour. Of sessions that clients began (direction in) only host, mta, outcome and
-- tls_version are kept. Rows are made by one writer at a time, who looks first; the index is of
-- a hash, since one of the names would be as large as the table.
CREATE TABLE log_route (
    id INTEGER PRIMARY KEY,
    host TEXT,                      -- whose log it is; NULL: its lines do not say
    direction TEXT NOT NULL,        -- out, in
    domain TEXT,                    -- of the recipients
    next_hop TEXT,                  -- where the log names it
    mx TEXT,
    words INTEGER NOT NULL,         -- log_words.id
    hash INTEGER NOT NULL           -- of all the others
) STRICT;
CREATE INDEX log_route_hash ON log_route (hash);

-- Sessions of a kind that began within an hour. No foreign key: a row is 15 bytes, there are
-- thousands an hour, and looking up the route for each would cost more than writing it. prune
-- drops the routes that nothing refers to.
CREATE TABLE log_count (
    hour INTEGER NOT NULL,          -- hours since 1970, UTC: time / 3600
    route INTEGER NOT NULL,         -- log_route.id
    sessions INTEGER NOT NULL,
    PRIMARY KEY (hour, route)
) STRICT, WITHOUT ROWID;

-- One failure, or one soft problem, on a line of its own. Of handshakes that failed while a client
-- began them (direction in) one row stands for all of one host, hour, address and detail; past
-- STORE_LOG_INBOUND_ROWS in an hour for all that is left, with ip NULL.
CREATE TABLE log_failure (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    host TEXT,
    direction TEXT NOT NULL,
    queue_id TEXT,                  -- NULL: not told, or direction in
    domain TEXT,                    -- of the recipient; NULL: not told, or direction in
    next_hop TEXT,
    mx TEXT,
    ip TEXT,                        -- of the peer
    words INTEGER NOT NULL,         -- log_words.id
    sessions INTEGER NOT NULL,      -- 0: counted with another line of the same session
    delay INTEGER,                  -- age of the message in seconds
    dsn TEXT,
    reason TEXT,                    -- what the server said; NULL where it stands in the line:
    reason_place INTEGER,           -- there, its first character from 1 << 16 | its length
    tls_error TEXT,                 -- what our own TLS noted, where the reason leaves it out
    mark INTEGER,                   -- of the line, where it was told alone for want of the line of
                                    -- a delivery: it goes when that is read
    line TEXT,                      -- the line, without local parts of addresses; direction in:
                                    -- NULL where the reason tells all
    stored_at INTEGER NOT NULL,     -- when the row was made: a log may be read late
    returned_at INTEGER             -- when the message was given up; NULL: not seen
) STRICT;
CREATE INDEX log_failure_at ON log_failure (at);
CREATE INDEX log_failure_stored ON log_failure (stored_at);
CREATE INDEX log_failure_returned ON log_failure (returned_at) WHERE returned_at IS NOT NULL;
CREATE INDEX log_failure_queue_id ON log_failure (queue_id) WHERE queue_id IS NOT NULL;
CREATE INDEX log_failure_mark ON log_failure (mark) WHERE mark IS NOT NULL;
CREATE INDEX log_failure_client ON log_failure (ip, at) WHERE direction = 'in';

-- Messages that were given up, kept as long as a failure of theirs may still be read from another
-- log: logs are not always read in their order. A queue id comes again once its message is gone.
CREATE TABLE log_expiry (
    queue_id TEXT NOT NULL,
    host TEXT NOT NULL,             -- '' where the lines do not say
    at INTEGER NOT NULL,
    PRIMARY KEY (queue_id, host, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX log_expiry_at ON log_expiry (at);

-- Marks of lines that something here rests on, so that a line read again changes nothing. All
-- marks of a host and hour are its rows together, in no order, 5 bytes each; small additions go
-- into the last row.
CREATE TABLE log_mark (
    id INTEGER PRIMARY KEY,
    hour INTEGER NOT NULL,
    host TEXT NOT NULL,             -- first label
    marks BLOB NOT NULL CHECK (length(marks) % 5 = 0)
) STRICT;
CREATE INDEX log_mark_hour ON log_mark (hour, host);

-- Addresses of hosts that took mail of ours: clients with such an address are mail servers.
CREATE TABLE log_peer (
    ip TEXT PRIMARY KEY,
    mx TEXT,                        -- its name at the last session
    last_at INTEGER NOT NULL        -- begin of the day of that session
) STRICT, WITHOUT ROWID;

-- What was told near the end of what was read of a log, or near its begin: more of the log may tell
-- how it was. Then it is taken back: a count by route, hour and sessions, a failure by its mark.
CREATE TABLE log_open (
    id INTEGER PRIMARY KEY,
    mark INTEGER NOT NULL,          -- of the line it rests on, all 64 bits
    route INTEGER,                  -- of log_count; NULL: a row of log_failure
    hour INTEGER,
    sessions INTEGER
) STRICT;
CREATE INDEX log_open_mark ON log_open (mark);

-- For which time the log of a host was read, and how it came. The journal and a file hold the same
-- lines in other words, so of one time only one of them is read.
CREATE TABLE log_source (
    id INTEGER PRIMARY KEY,
    host TEXT NOT NULL,             -- first label
    carrier TEXT NOT NULL,          -- file, journal
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT;
CREATE INDEX log_source_host ON log_source (host, last_at);

-- Where follow left off.
CREATE TABLE log_position (
    path TEXT PRIMARY KEY,          -- as it was named; 'journal' for the journal
    device INTEGER NOT NULL,        -- of the file read last; unsigned 64 bits as signed
    inode INTEGER NOT NULL,
    offset INTEGER NOT NULL,        -- of the next unread byte
    context INTEGER NOT NULL,       -- from here lines are read again, for what waits
    head_hash INTEGER NOT NULL,     -- of the file's first bytes
    head_length INTEGER NOT NULL,
    cursor TEXT,                    -- of the journal
    at INTEGER NOT NULL             -- when this was noted
) STRICT, WITHOUT ROWID;
