-- The role that services work as: it owns nothing, so that row-level security holds it back.
--
-- A role belongs to the whole server: another database's migration may have made it, or be making it now. Whoever
-- migrates may also not be allowed to make one; then services work as whoever signs in, and `muster doctor` says so.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'muster_app') THEN
        CREATE ROLE muster_app NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN
    NULL;
END $$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'muster_app') THEN
        RETURN;
    END IF;
    IF NOT pg_has_role(current_user, 'muster_app', 'MEMBER') THEN
        EXECUTE format('GRANT muster_app TO %I', current_user);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO muster_app', current_schema());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO muster_app', current_schema());
    REVOKE INSERT, UPDATE, DELETE ON _sqlx_migrations FROM muster_app;
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END $$;
