-- An event that can't be published is dead, with the reason, instead of in everybody's way.
ALTER TABLE outbox ADD COLUMN dead_at timestamptz;
ALTER TABLE outbox ADD COLUMN dead_reason text;
