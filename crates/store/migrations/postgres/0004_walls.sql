-- no-transaction
-- The second wall between guilds. A statement sees only rows of the guilds that its transaction has named in
-- app.guild (their ids, with commas), also when it forgets to ask for them itself; without a name there are none.
-- FORCE, so that it holds for the owner, too.
--
-- app.person shows what was heard of one person's memberships, from which the right to a guild is made. app.work
-- shows what there is to do, for those who claim it; beside that it may only look which guilds and games there are.
-- The settings are asked once per statement, not once per row: hence the SELECTs.
--
-- Each table by itself: whoever held several at once would wait for those who work, and they for it.
DO $$
DECLARE
    -- The table, the column that says whose a row is, and what work may do.
    walled record;
BEGIN
    FOR walled IN
        SELECT * FROM (VALUES
            ('guilds', 'id', 'SELECT'),
            ('games', 'guild', 'SELECT'),
            ('schedule', 'guild', 'ALL'),
            ('deliveries', 'guild', 'ALL'),
            ('cards', 'guild', 'ALL'),
            ('outbox', 'guild', 'ALL'),
            ('channels', 'guild', NULL),
            ('members', 'guild', NULL),
            ('templates', 'guild', NULL),
            ('participants', 'guild', NULL)
        ) AS tables (name, guild, work)
    LOOP
        CONTINUE WHEN (SELECT relrowsecurity FROM pg_class WHERE oid = walled.name::regclass);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled.name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled.name);
        EXECUTE format(
            'CREATE POLICY of_guild ON %I USING (%I = ANY ((SELECT string_to_array('
                'current_setting(''app.guild'', true), '','')::bigint[])::bigint[]))',
            walled.name, walled.guild
        );
        IF walled.work IS NOT NULL THEN
            EXECUTE format(
                'CREATE POLICY of_work ON %I FOR %s USING ((SELECT current_setting(''app.work'', true)) = ''on'')',
                walled.name, walled.work
            );
        END IF;
        IF walled.name = 'members' THEN
            CREATE POLICY of_person ON members
                USING (user_id = (SELECT NULLIF(current_setting('app.person', true), '')::bigint));
        END IF;
        COMMIT;
    END LOOP;
END $$;
