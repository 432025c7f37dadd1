-- The second wall between guilds. A statement sees only rows of the guilds that its transaction has named in
-- app.guild (their ids, with commas), also when it forgets to ask for them itself; without a name there are none.
-- FORCE, so that it holds for the owner, too.
--
-- app.person shows what was heard of one person's memberships, from which the right to a guild is made. app.work
-- shows what there is to do, for those who claim it; beside that it may only look which guilds and games there are.
-- The settings are asked once per statement, not once per row: hence the SELECTs.

ALTER TABLE guilds ENABLE ROW LEVEL SECURITY;
ALTER TABLE guilds FORCE ROW LEVEL SECURITY;
CREATE POLICY of_guild ON guilds
    USING (id = ANY ((SELECT string_to_array(current_setting('app.guild', true), ',')::bigint[])::bigint[]));

ALTER TABLE channels ENABLE ROW LEVEL SECURITY;
ALTER TABLE channels FORCE ROW LEVEL SECURITY;
CREATE POLICY of_guild ON channels
    USING (guild = ANY ((SELECT string_to_array(current_setting('app.guild', true), ',')::bigint[])::bigint[]));

ALTER TABLE members ENABLE ROW LEVEL SECURITY;
ALTER TABLE members FORCE ROW LEVEL SECURITY;
CREATE POLICY of_guild ON members
    USING (guild = ANY ((SELECT string_to_array(current_setting('app.guild', true), ',')::bigint[])::bigint[]));

ALTER TABLE templates ENABLE ROW LEVEL SECURITY;
ALTER TABLE templates FORCE ROW LEVEL SECURITY;
CREATE POLICY of_guild ON templates
    USING (guild = ANY ((SELECT string_to_array(current_setting('app.guild', true), ',')::bigint[])::bigint[]));

ALTER TABLE games ENABLE ROW LEVEL SECURITY;
ALTER TABLE games FORCE ROW LEVEL SECURITY;
CREATE POLICY of_guild ON games
    USING (guild = ANY ((SELECT string_to_array(current_setting('app.guild', true), ',')::bigint[])::bigint[]));

ALTER TABLE participants ENABLE ROW LEVEL SECURITY;
ALTER TABLE participants FORCE ROW LEVEL SECURITY;
CREATE POLICY of_guild ON participants
    USING (guild = ANY ((SELECT string_to_array(current_setting('app.guild', true), ',')::bigint[])::bigint[]));

ALTER TABLE schedule ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedule FORCE ROW LEVEL SECURITY;
CREATE POLICY of_guild ON schedule
    USING (guild = ANY ((SELECT string_to_array(current_setting('app.guild', true), ',')::bigint[])::bigint[]));

ALTER TABLE deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY of_guild ON deliveries
    USING (guild = ANY ((SELECT string_to_array(current_setting('app.guild', true), ',')::bigint[])::bigint[]));

ALTER TABLE cards ENABLE ROW LEVEL SECURITY;
ALTER TABLE cards FORCE ROW LEVEL SECURITY;
CREATE POLICY of_guild ON cards
    USING (guild = ANY ((SELECT string_to_array(current_setting('app.guild', true), ',')::bigint[])::bigint[]));

ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY of_guild ON outbox
    USING (guild = ANY ((SELECT string_to_array(current_setting('app.guild', true), ',')::bigint[])::bigint[]));

CREATE POLICY of_work ON schedule USING ((SELECT current_setting('app.work', true)) = 'on');
CREATE POLICY of_work ON deliveries USING ((SELECT current_setting('app.work', true)) = 'on');
CREATE POLICY of_work ON cards USING ((SELECT current_setting('app.work', true)) = 'on');
CREATE POLICY of_work ON outbox USING ((SELECT current_setting('app.work', true)) = 'on');
CREATE POLICY of_work ON guilds FOR SELECT USING ((SELECT current_setting('app.work', true)) = 'on');
CREATE POLICY of_work ON games FOR SELECT USING ((SELECT current_setting('app.work', true)) = 'on');

CREATE POLICY of_person ON members
    USING (user_id = (SELECT NULLIF(current_setting('app.person', true), '')::bigint));
