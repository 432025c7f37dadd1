-- Rows enough for several batches, in SQLite's words.
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO users (id, name, dms, created_at) SELECT 1000 + i, 'user ' || i, 'open', i * 1000003 FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO inbox (consumer, event, taken_at) SELECT 'consumer ' || (i % 3), randomblob(16), i FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO members (guild, user_id, name, roles, seen_at)
    SELECT i % 7 + 1, 5000 + i, 'member ' || i, json_array(CAST(i AS text), 'x'), i FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
INSERT INTO schedule (id, guild, game, duty, kind, detail, due_at, state, available_at)
    SELECT randomblob(16), guild, id, 'notify', 'reminder', i, i, 'done', i FROM n, (SELECT id, guild FROM games LIMIT 1);
