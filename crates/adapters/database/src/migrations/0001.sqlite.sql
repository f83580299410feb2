-- Connectors, jobs, their runs, operational events, audit. Times are nanoseconds since 1970 UTC.

CREATE TABLE connectors (
    venue TEXT PRIMARY KEY,
    protocol TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    settings TEXT NOT NULL,
    -- when a job of it was leased last: who was served least recently is next
    served BIGINT,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL
);

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    venue TEXT NOT NULL REFERENCES connectors (venue),
    -- what it fetches, in words: a venue has one job for each
    key TEXT NOT NULL,
    -- the same as JSON
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    symbol TEXT,
    schedule TEXT NOT NULL,
    -- 0 live, 1 repair, 2 interactive, 3 backfill
    purpose BIGINT NOT NULL,
    status TEXT NOT NULL,
    cursor_at TEXT,
    next_due BIGINT,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    token BIGINT NOT NULL,
    -- the lease: all three or none
    worker TEXT,
    run BIGINT,
    expires BIGINT,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    UNIQUE (venue, key)
);

-- the next job of a venue is one seek
CREATE INDEX jobs_due ON jobs (venue, purpose, next_due, id) WHERE status = 'active';
-- leases in the order in which they end: orphans stand in front, and a claim counts them by venue
CREATE INDEX jobs_expires ON jobs (expires, id, venue) WHERE expires IS NOT NULL;
CREATE INDEX jobs_symbol ON jobs (symbol, id);

-- no reference to jobs: the history outlives them
CREATE TABLE job_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job BIGINT NOT NULL,
    venue TEXT NOT NULL,
    worker TEXT NOT NULL,
    token BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT,
    outcome TEXT,
    row_count BIGINT NOT NULL,
    error_class TEXT,
    error_text TEXT,
    cursor_before TEXT,
    cursor_after TEXT
);

CREATE UNIQUE INDEX job_runs_token ON job_runs (job, token);
CREATE INDEX job_runs_job ON job_runs (job, id);
CREATE INDEX job_runs_open ON job_runs (id) WHERE ended IS NULL;
CREATE INDEX job_runs_ended ON job_runs (ended) WHERE ended IS NOT NULL;

CREATE TABLE operational_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    severity TEXT NOT NULL,
    what TEXT NOT NULL,
    venue TEXT,
    job BIGINT,
    text TEXT NOT NULL
);

CREATE INDEX operational_events_at ON operational_events (at);

CREATE TABLE audit_entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    key TEXT NOT NULL,
    state_before TEXT,
    state_after TEXT
);

CREATE INDEX audit_entries_subject ON audit_entries (subject, key, id);
