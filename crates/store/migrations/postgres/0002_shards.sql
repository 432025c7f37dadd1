-- The same table as in sqlite/0002_shards.sql, in PostgreSQL's types.
CREATE TABLE shards (
    total bigint NOT NULL,
    number bigint NOT NULL,
    fence bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    identified_at timestamptz,
    session_id text,
    session_sequence bigint,
    session_url text,
    PRIMARY KEY (total, number)
);
