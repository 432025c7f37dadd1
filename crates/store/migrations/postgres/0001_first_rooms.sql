-- The same tables as in sqlite/0001_first_rooms.sql, in PostgreSQL's types.

CREATE TABLE guilds (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    owner bigint NOT NULL,
    zone text NOT NULL,
    manager_roles jsonb NOT NULL,
    roles jsonb NOT NULL,
    removed_at timestamptz,
    updated_at timestamptz NOT NULL
);

CREATE TABLE channels (
    id bigint PRIMARY KEY,
    guild bigint NOT NULL REFERENCES guilds (id),
    name text NOT NULL,
    kind bigint NOT NULL,
    position bigint NOT NULL,
    forbidden_since timestamptz
);
CREATE INDEX channels_of_guild ON channels (guild, position);

CREATE TABLE users (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    dm_channel bigint,
    dms text NOT NULL CHECK (dms IN ('open', 'closed')),
    memberships_seen_at timestamptz,
    created_at timestamptz NOT NULL
);

-- What Discord said of somebody's membership, and when; no reference to guilds or users, since it may be
-- heard of before either.
CREATE TABLE members (
    guild bigint NOT NULL,
    user_id bigint NOT NULL,
    name text NOT NULL,
    roles jsonb NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (guild, user_id)
);
CREATE INDEX members_of_user ON members (user_id);

CREATE TABLE templates (
    id uuid PRIMARY KEY,
    guild bigint NOT NULL REFERENCES guilds (id),
    name text NOT NULL,
    description text NOT NULL,
    position bigint NOT NULL,
    is_default boolean NOT NULL,
    terms jsonb NOT NULL,
    UNIQUE (id, guild)
);
CREATE INDEX templates_of_guild ON templates (guild, position);
CREATE UNIQUE INDEX one_default_template ON templates (guild) WHERE is_default;

CREATE TABLE games (
    id uuid PRIMARY KEY,
    guild bigint NOT NULL REFERENCES guilds (id),
    template uuid NOT NULL,
    host bigint NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    start_at timestamptz NOT NULL,
    zone text NOT NULL,
    terms jsonb NOT NULL,
    status text NOT NULL
        CHECK (status IN ('draft', 'scheduled', 'in_progress', 'completed', 'archived', 'cancelled')),
    post_at timestamptz,
    completed_at timestamptz,
    version bigint NOT NULL CHECK (version >= 0),
    created_at timestamptz NOT NULL,
    -- The title in lower case, as the program folds it, for searching.
    folded_title text NOT NULL,
    UNIQUE (id, guild),
    FOREIGN KEY (template, guild) REFERENCES templates (id, guild)
);
CREATE INDEX games_of_guild ON games (guild, start_at, id);

CREATE TABLE participants (
    id uuid PRIMARY KEY,
    game uuid NOT NULL,
    guild bigint NOT NULL,
    user_id bigint,
    placeholder text,
    class text NOT NULL CHECK (class IN ('host_placed', 'role_matched', 'self_joined')),
    position bigint NOT NULL,
    joined_at timestamptz NOT NULL,
    FOREIGN KEY (game, guild) REFERENCES games (id, guild),
    CHECK ((user_id IS NULL) <> (placeholder IS NULL))
);
CREATE UNIQUE INDEX one_place_per_person ON participants (game, user_id);
CREATE INDEX participations_of_user ON participants (user_id, game);

CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    csrf text NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL
);
CREATE INDEX sessions_by_last_use ON sessions (used_at);

CREATE TABLE api_tokens (
    token_hash bytea PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    label text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- The answer to a POST that carried an Idempotency-Key, for whoever asks again.
CREATE TABLE idempotent_answers (
    user_id bigint NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    game uuid NOT NULL REFERENCES games (id),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotent_answers_by_age ON idempotent_answers (created_at);

CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    -- The service that wrote it and publishes it first, so that a trace shows who did what.
    origin text NOT NULL,
    guild bigint NOT NULL,
    game uuid,
    sequence bigint NOT NULL,
    type text NOT NULL,
    payload text NOT NULL,
    traceparent text,
    tracestate text,
    created_at timestamptz NOT NULL,
    lease_until timestamptz,
    attempts bigint NOT NULL DEFAULT 0,
    published_at timestamptz
);
CREATE INDEX outbox_unpublished ON outbox (created_at, id) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

CREATE TABLE inbox (
    consumer text NOT NULL,
    event uuid NOT NULL,
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (consumer, event)
);
CREATE INDEX inbox_by_age ON inbox (taken_at);

CREATE TABLE schedule (
    id uuid PRIMARY KEY,
    guild bigint NOT NULL,
    game uuid NOT NULL,
    duty text NOT NULL CHECK (duty IN ('notify', 'transition')),
    kind text NOT NULL,
    detail bigint NOT NULL,
    due_at timestamptz NOT NULL,
    deadline timestamptz,
    state text NOT NULL CHECK (state IN ('pending', 'done', 'withdrawn', 'skipped', 'dead')),
    -- When it is tried next: due_at at first, later after a failure, the end of the lease while one is held.
    available_at timestamptz NOT NULL,
    attempts bigint NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    last_error text,
    traceparent text,
    tracestate text,
    FOREIGN KEY (game, guild) REFERENCES games (id, guild)
);
CREATE UNIQUE INDEX one_row_per_moment ON schedule (game, kind, detail, due_at);
CREATE INDEX schedule_pending ON schedule (duty, available_at, id) WHERE state = 'pending';

CREATE TABLE deliveries (
    id uuid PRIMARY KEY,
    key text NOT NULL UNIQUE,
    guild bigint NOT NULL,
    game uuid NOT NULL,
    kind text NOT NULL,
    -- To a channel, to a person, or to a person in a channel, since their direct messages are closed.
    channel_id bigint,
    user_id bigint,
    state text NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'skipped', 'dead')),
    reason text,
    -- When it is tried next; while a lease is held, its end.
    available_at timestamptz NOT NULL,
    deadline timestamptz,
    attempts bigint NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    sending_since timestamptz,
    sent_channel bigint,
    sent_message bigint,
    scheduled_for timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    traceparent text,
    tracestate text,
    FOREIGN KEY (game, guild) REFERENCES games (id, guild),
    CHECK (user_id IS NOT NULL OR channel_id IS NOT NULL)
);
CREATE INDEX deliveries_open ON deliveries (available_at, id) WHERE state IN ('pending', 'sending');
CREATE INDEX deliveries_of_game ON deliveries (game, created_at, key);

-- The announcement of a game. It is dirty while it shows an older version than is wanted.
CREATE TABLE cards (
    game uuid PRIMARY KEY,
    guild bigint NOT NULL,
    channel_id bigint NOT NULL,
    message_id bigint NOT NULL,
    wanted_version bigint NOT NULL,
    shown_version bigint NOT NULL,
    available_at timestamptz NOT NULL,
    fence bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    reposts bigint NOT NULL DEFAULT 0,
    traceparent text,
    tracestate text,
    FOREIGN KEY (game, guild) REFERENCES games (id, guild)
);
CREATE INDEX cards_dirty ON cards (available_at, game) WHERE wanted_version > shown_version;
