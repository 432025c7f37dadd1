-- Instants are microseconds since 1970 in UTC; ids of ours are 16 bytes; lists and terms are JSON.
-- What hangs on a game names the game's guild too, in one reference, so that nothing can be hung on the game of
-- another guild.

CREATE TABLE guilds (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    owner INTEGER NOT NULL,
    zone TEXT NOT NULL,
    manager_roles TEXT NOT NULL,
    roles TEXT NOT NULL,
    removed_at INTEGER,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE channels (
    id INTEGER PRIMARY KEY,
    guild INTEGER NOT NULL REFERENCES guilds (id),
    name TEXT NOT NULL,
    kind INTEGER NOT NULL,
    position INTEGER NOT NULL,
    forbidden_since INTEGER
) STRICT;
CREATE INDEX channels_of_guild ON channels (guild, position);

CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    dm_channel INTEGER,
    dms TEXT NOT NULL CHECK (dms IN ('open', 'closed')),
    memberships_seen_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

-- What Discord said of somebody's membership, and when; no reference to guilds or users, since it may be
-- heard of before either.
CREATE TABLE members (
    guild INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (guild, user_id)
) STRICT;
CREATE INDEX members_of_user ON members (user_id);

CREATE TABLE templates (
    id BLOB PRIMARY KEY,
    guild INTEGER NOT NULL REFERENCES guilds (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    position INTEGER NOT NULL,
    is_default INTEGER NOT NULL,
    terms TEXT NOT NULL,
    UNIQUE (id, guild)
) STRICT;
CREATE INDEX templates_of_guild ON templates (guild, position);
CREATE UNIQUE INDEX one_default_template ON templates (guild) WHERE is_default;

CREATE TABLE games (
    id BLOB PRIMARY KEY,
    guild INTEGER NOT NULL REFERENCES guilds (id),
    template BLOB NOT NULL,
    host INTEGER NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    zone TEXT NOT NULL,
    terms TEXT NOT NULL,
    status TEXT NOT NULL
        CHECK (status IN ('draft', 'scheduled', 'in_progress', 'completed', 'archived', 'cancelled')),
    post_at INTEGER,
    completed_at INTEGER,
    version INTEGER NOT NULL CHECK (version >= 0),
    created_at INTEGER NOT NULL,
    -- The title in lower case, as the program folds it, for searching.
    folded_title TEXT NOT NULL,
    UNIQUE (id, guild),
    FOREIGN KEY (template, guild) REFERENCES templates (id, guild)
) STRICT;
CREATE INDEX games_of_guild ON games (guild, start_at, id);

CREATE TABLE participants (
    id BLOB PRIMARY KEY,
    game BLOB NOT NULL,
    guild INTEGER NOT NULL,
    user_id INTEGER,
    placeholder TEXT,
    class TEXT NOT NULL CHECK (class IN ('host_placed', 'role_matched', 'self_joined')),
    position INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    FOREIGN KEY (game, guild) REFERENCES games (id, guild),
    CHECK ((user_id IS NULL) <> (placeholder IS NULL))
) STRICT;
CREATE UNIQUE INDEX one_place_per_person ON participants (game, user_id);
CREATE INDEX participations_of_user ON participants (user_id, game);

CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    csrf TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_last_use ON sessions (used_at);

CREATE TABLE api_tokens (
    token_hash BLOB PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

-- The answer to a POST that carried an Idempotency-Key, for whoever asks again.
CREATE TABLE idempotent_answers (
    user_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    game BLOB NOT NULL REFERENCES games (id),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) STRICT;
CREATE INDEX idempotent_answers_by_age ON idempotent_answers (created_at);

CREATE TABLE outbox (
    id BLOB PRIMARY KEY,
    -- The service that wrote it and publishes it first, so that a trace shows who did what.
    origin TEXT NOT NULL,
    guild INTEGER NOT NULL,
    game BLOB,
    sequence INTEGER NOT NULL,
    type TEXT NOT NULL,
    payload TEXT NOT NULL,
    traceparent TEXT,
    tracestate TEXT,
    created_at INTEGER NOT NULL,
    lease_until INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    published_at INTEGER
) STRICT;
CREATE INDEX outbox_unpublished ON outbox (created_at, id) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

CREATE TABLE inbox (
    consumer TEXT NOT NULL,
    event BLOB NOT NULL,
    taken_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, event)
) STRICT;
CREATE INDEX inbox_by_age ON inbox (taken_at);

CREATE TABLE schedule (
    id BLOB PRIMARY KEY,
    guild INTEGER NOT NULL,
    game BLOB NOT NULL,
    duty TEXT NOT NULL CHECK (duty IN ('notify', 'transition')),
    kind TEXT NOT NULL,
    detail INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    deadline INTEGER,
    state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'withdrawn', 'skipped', 'dead')),
    -- When it is tried next: due_at at first, later after a failure, the end of the lease while one is held.
    available_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    last_error TEXT,
    traceparent TEXT,
    tracestate TEXT,
    FOREIGN KEY (game, guild) REFERENCES games (id, guild)
) STRICT;
CREATE UNIQUE INDEX one_row_per_moment ON schedule (game, kind, detail, due_at);
CREATE INDEX schedule_pending ON schedule (duty, available_at, id) WHERE state = 'pending';

CREATE TABLE deliveries (
    id BLOB PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    guild INTEGER NOT NULL,
    game BLOB NOT NULL,
    kind TEXT NOT NULL,
    -- To a channel, to a person, or to a person in a channel, since their direct messages are closed.
    channel_id INTEGER,
    user_id INTEGER,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'skipped', 'dead')),
    reason TEXT,
    -- When it is tried next; while a lease is held, its end.
    available_at INTEGER NOT NULL,
    deadline INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    sending_since INTEGER,
    sent_channel INTEGER,
    sent_message INTEGER,
    scheduled_for INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    settled_at INTEGER,
    traceparent TEXT,
    tracestate TEXT,
    FOREIGN KEY (game, guild) REFERENCES games (id, guild),
    CHECK (user_id IS NOT NULL OR channel_id IS NOT NULL)
) STRICT;
CREATE INDEX deliveries_open ON deliveries (available_at, id) WHERE state IN ('pending', 'sending');
CREATE INDEX deliveries_of_game ON deliveries (game, created_at, key);

-- The announcement of a game. It is dirty while it shows an older version than is wanted.
CREATE TABLE cards (
    game BLOB PRIMARY KEY,
    guild INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    wanted_version INTEGER NOT NULL,
    shown_version INTEGER NOT NULL,
    available_at INTEGER NOT NULL,
    fence INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    reposts INTEGER NOT NULL DEFAULT 0,
    traceparent TEXT,
    tracestate TEXT,
    FOREIGN KEY (game, guild) REFERENCES games (id, guild)
) STRICT;
CREATE INDEX cards_dirty ON cards (available_at, game) WHERE wanted_version > shown_version;
