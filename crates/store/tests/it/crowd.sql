-- Enough rows that PostgreSQL knows a table from a list, in the shares in which they come: of what is to be done
-- little is open at any time.
CREATE FUNCTION an_id(prefix text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
    AS $$ SELECT (prefix || lpad(to_hex(number), 28, '0'))::uuid $$;

INSERT INTO guilds SELECT n, 'guild', 1, 'UTC', '[]', '[]', NULL, now() FROM generate_series(1, 200) n;
INSERT INTO channels SELECT n, n % 200 + 1, 'channel', 0, n FROM generate_series(1, 2000) n;
INSERT INTO users SELECT n, 'user', NULL, 'open', NULL, now() FROM generate_series(1, 5000) n;
INSERT INTO members SELECT n % 200 + 1, n / 4, 'member', '[]', now() FROM generate_series(1, 20000) n;
INSERT INTO templates SELECT an_id('0001', n), n, 'template', '', 0, true, '{}' FROM generate_series(1, 200) n;
INSERT INTO games
    SELECT an_id('0002', n), n % 200 + 1, an_id('0001', n % 200 + 1), n % 5000 + 1, 'game', '',
        now() + n * interval '1 minute', 'UTC', '{}', 'scheduled', NULL, NULL, 1, now(), 'game'
    FROM generate_series(1, 20000) n;
INSERT INTO participants
    SELECT an_id('0003', n), an_id('0002', n % 20000 + 1), (n % 20000 + 1) % 200 + 1, n / 8 + 1, NULL,
        'self_joined', 0, now()
    FROM generate_series(1, 39000) n;
INSERT INTO schedule (id, guild, game, duty, kind, detail, due_at, state, available_at)
    SELECT an_id('0004', n), (n % 20000 + 1) % 200 + 1, an_id('0002', n % 20000 + 1), 'notify', 'reminder', n,
        now(), CASE WHEN n % 20 = 0 THEN 'pending' ELSE 'done' END, now() + n * interval '1 second'
    FROM generate_series(1, 40000) n;
INSERT INTO deliveries (id, key, guild, game, kind, user_id, state, available_at, scheduled_for, created_at)
    SELECT an_id('0005', n), 'key ' || n, (n % 20000 + 1) % 200 + 1, an_id('0002', n % 20000 + 1), 'reminder',
        n % 5000 + 1, CASE WHEN n % 100 = 0 THEN 'pending' ELSE 'sent' END, now(), now(), now()
    FROM generate_series(1, 40000) n;
INSERT INTO cards (game, guild, channel_id, message_id, wanted_version, shown_version, available_at)
    SELECT an_id('0002', n), n % 200 + 1, 1, n, CASE WHEN n % 100 = 0 THEN 2 ELSE 1 END, 1, now()
    FROM generate_series(1, 20000) n;
INSERT INTO outbox (id, origin, guild, game, sequence, type, payload, created_at, published_at)
    SELECT an_id('0006', n), 'api-service', n % 200 + 1, NULL, 1, 'game.created', '{}',
        now() + n * interval '1 second', CASE WHEN n % 100 = 0 THEN NULL ELSE now() + n * interval '1 second' END
    FROM generate_series(1, 20000) n;
INSERT INTO inbox SELECT 'bot', an_id('0006', n), now() + n * interval '1 second' FROM generate_series(1, 20000) n;
INSERT INTO sessions
    SELECT decode(md5(n::text), 'hex'), n % 5000 + 1, '', now(), now() + n * interval '1 second'
    FROM generate_series(1, 20000) n;
INSERT INTO api_tokens SELECT decode(md5(n::text), 'hex'), n, '', now() FROM generate_series(1, 5000) n;
INSERT INTO idempotent_answers
    SELECT n % 5000 + 1, 'key ' || n, '', an_id('0002', n), now() + n * interval '1 second'
    FROM generate_series(1, 20000) n;
ANALYZE;
