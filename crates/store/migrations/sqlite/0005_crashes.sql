-- Attempts after the first that began and never ended: whoever made them died.
ALTER TABLE schedule ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;
