-- Who holds which connection to Discord's gateway, and the session to go on with.
CREATE TABLE shards (
    total INTEGER NOT NULL,
    number INTEGER NOT NULL,
    fence INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    identified_at INTEGER,
    session_id TEXT,
    session_sequence INTEGER,
    session_url TEXT,
    PRIMARY KEY (total, number)
) STRICT;
