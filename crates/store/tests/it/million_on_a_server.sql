-- {games} games in guilds of two hundred, each with two on its roster, a reminder that is due for one in ten and one
-- that isn't for the rest, deliveries and events of which nearly all are done.
CREATE FUNCTION an_id(kind text, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
    AS $$ SELECT (kind || lpad(to_hex(number), 28, '0'))::uuid $$;
SET synchronous_commit = off;
SET work_mem = '128MB';

INSERT INTO guilds SELECT n, 'guild', 1, 'UTC', '[]', '[]', NULL, now() FROM generate_series(1, {games} / 200) n;
INSERT INTO templates SELECT an_id('0001', n), n, 'template', '', 0, true, '{terms}' FROM generate_series(1, {games} / 200) n;
INSERT INTO members SELECT n, n, 'member', '[]', now() FROM generate_series(1, {games} / 200) n;
INSERT INTO members SELECT n, n + 1000000, 'another', '[]', now() FROM generate_series(1, {games} / 200) n;
INSERT INTO games
    SELECT an_id('0002', n), (n - 1) / 200 + 1, an_id('0001', (n - 1) / 200 + 1), (n - 1) / 200 + 1, 'game', '',
        '2026-11-22T20:00:00.123456Z'::timestamptz + n % 200 * interval '1 hour' + interval '1 minute', 'UTC',
        '{terms}', 'scheduled', NULL, NULL, 1, now(), 'game'
    FROM generate_series(1, {games}) n;
INSERT INTO participants
    SELECT an_id('0003', n * 2 + who), an_id('0002', n), (n - 1) / 200 + 1, (n - 1) / 200 + 1 + who * 1000000, NULL,
        'self_joined', 0, now()
    FROM generate_series(1, {games}) n, generate_series(0, 1) who;
INSERT INTO schedule (id, guild, game, duty, kind, detail, due_at, state, available_at)
    SELECT an_id('0004', n), (n - 1) / 200 + 1, an_id('0002', n), 'notify', 'reminder', 15, at,
        CASE WHEN n % 10 < 5 THEN 'done' ELSE 'pending' END, at
    FROM (SELECT n, '2026-11-22T20:00:00Z'::timestamptz
        + CASE WHEN n <= 800 THEN -1 ELSE n END * interval '1 second' AS at
        FROM generate_series(1, {games}) n) moments;
UPDATE schedule SET state = 'pending' WHERE due_at < '2026-11-22T20:00:00Z';
INSERT INTO deliveries (id, key, guild, game, kind, user_id, state, available_at, scheduled_for, created_at)
    SELECT an_id('0005', n), 'key ' || n, (n - 1) / 200 + 1, an_id('0002', n), 'reminder', n,
        CASE WHEN n % 1000 = 0 THEN 'pending' ELSE 'sent' END, now(), now(), now()
    FROM generate_series(1, {games}) n;
INSERT INTO outbox (id, origin, guild, game, sequence, type, payload, created_at, published_at)
    SELECT an_id('0006', n), 'api-service', (n - 1) / 200 + 1, NULL, 1, 'game.created', '{}',
        now() + n * interval '1 millisecond', CASE WHEN n % 1000 = 0 THEN NULL ELSE now() END
    FROM generate_series(1, {games}) n;
INSERT INTO cards (game, guild, channel_id, message_id, wanted_version, shown_version, available_at)
    SELECT an_id('0002', n), (n - 1) / 200 + 1, 1, n, CASE WHEN n % 1000 = 0 THEN 2 ELSE 1 END, 1, now()
    FROM generate_series(1, {games}) n;
INSERT INTO channels SELECT n, (n - 1) / 10 + 1, 'channel', 0, n FROM generate_series(1, {games} / 20) n;
INSERT INTO users SELECT n, 'user', NULL, 'open', NULL, now() FROM generate_series(1, {games} / 20) n;
INSERT INTO sessions
    SELECT decode(md5(n::text), 'hex'), n, '', now(), now() + n * interval '1 second' FROM generate_series(1, {games} / 20) n;
INSERT INTO api_tokens SELECT decode(md5(n::text), 'hex'), n, '', now() FROM generate_series(1, {games} / 20) n;
INSERT INTO inbox SELECT 'bot', an_id('0006', n), now() + n * interval '1 second' FROM generate_series(1, {games} / 20) n;
INSERT INTO idempotent_answers
    SELECT n, 'key ' || n, '', an_id('0002', n), now() + n * interval '1 second' FROM generate_series(1, {games} / 20) n;
