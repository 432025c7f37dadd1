-- {games} games in guilds of two hundred, each with two on its roster, a reminder that is due for one in ten and one
-- that isn't for the rest, deliveries and events of which nearly all are done.
PRAGMA synchronous = OFF;
PRAGMA cache_size = -200000;
CREATE TEMP TABLE n (i INTEGER PRIMARY KEY);
WITH RECURSIVE count (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM count WHERE i < {games}) INSERT INTO n SELECT i FROM count;

INSERT INTO guilds SELECT i, 'guild', 1, 'UTC', '[]', '[]', NULL, 0 FROM n WHERE i <= {games} / 200;
INSERT INTO templates
    SELECT unhex(printf('0001%028x', i)), i, 'template', '', 0, 1, '{terms}' FROM n WHERE i <= {games} / 200;
INSERT INTO members SELECT i, i, 'member', '[]', 0 FROM n WHERE i <= {games} / 200;
INSERT INTO members SELECT i, i + 1000000, 'another', '[]', 0 FROM n WHERE i <= {games} / 200;
INSERT INTO games
    SELECT unhex(printf('0002%028x', i)), (i - 1) / 200 + 1, unhex(printf('0001%028x', (i - 1) / 200 + 1)),
        (i - 1) / 200 + 1, 'game', '', 1795377600123456 + i % 200 * 3600000000 + 60000000, 'UTC', '{terms}',
        'scheduled', NULL, NULL, 1, 0, 'game'
    FROM n;
INSERT INTO participants
    SELECT unhex(printf('0003%028x', i * 2 + who.w)), unhex(printf('0002%028x', i)), (i - 1) / 200 + 1,
        (i - 1) / 200 + 1 + who.w * 1000000, NULL, 'self_joined', 0, 0
    FROM n, (SELECT 0 AS w UNION ALL SELECT 1) who;
INSERT INTO schedule (id, guild, game, duty, kind, detail, due_at, state, available_at)
    SELECT unhex(printf('0004%028x', i)), (i - 1) / 200 + 1, unhex(printf('0002%028x', i)), 'notify', 'reminder', 15,
        1795377600000000 + CASE WHEN i <= 800 THEN -1 ELSE i END * 1000000,
        CASE WHEN i > 800 AND i % 10 < 5 THEN 'done' ELSE 'pending' END,
        1795377600000000 + CASE WHEN i <= 800 THEN -1 ELSE i END * 1000000
    FROM n;
INSERT INTO deliveries (id, key, guild, game, kind, user_id, state, available_at, scheduled_for, created_at)
    SELECT unhex(printf('0005%028x', i)), 'key ' || i, (i - 1) / 200 + 1, unhex(printf('0002%028x', i)), 'reminder', i,
        CASE WHEN i % 1000 = 0 THEN 'pending' ELSE 'sent' END, 0, 0, 0
    FROM n;
INSERT INTO outbox (id, origin, guild, game, sequence, type, payload, created_at, published_at)
    SELECT unhex(printf('0006%028x', i)), 'api-service', (i - 1) / 200 + 1, NULL, 1, 'game.created', '{}', i,
        CASE WHEN i % 1000 = 0 THEN NULL ELSE i END
    FROM n;
DROP TABLE n;
-- On the disk before anything is measured, which would else wait for all that is still on its way there.
PRAGMA synchronous = FULL;
PRAGMA wal_checkpoint(TRUNCATE);
