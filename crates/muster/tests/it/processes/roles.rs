//! The roles of the deployment's database: its owner migrates, and the services are held by the walls between guilds.

use super::apart::Apart;
use super::play;
use super::servers::Servers;
use sqlx::PgPool;
use std::path::Path;
use std::process::Command;
use testkit::Postgres;
use url::Url;

const DATABASE: &str = "muster";
const OWNER: (&str, &str) = ("muster_owner", "of-the-tables");
const SERVICE: (&str, &str) = ("muster", "of-the-services");

/// Makes the roles and the database as the deployment's own script does.
fn make_roles(postgres: &Postgres) {
    let admin = Url::parse(&postgres.url("postgres")).unwrap();
    let password = admin.password().unwrap().replace("%20", " ");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/postgres/10-roles.sh");
    let mut making = Command::new("sh");
    making.arg(script).envs([("PGHOST", "127.0.0.1"), ("PGPASSWORD", &password)]);
    making.env("PGPORT", admin.port().unwrap().to_string());
    making.envs([("POSTGRES_USER", "postgres"), ("DATABASE_NAME", DATABASE)]);
    making.envs([("OWNER_PASSWORD", OWNER.1), ("SERVICE_PASSWORD", SERVICE.1)]);
    making.envs([("DATABASE_USER", "alloy"), ("DATABASE_PASSWORD", "of-the-statistics")]);
    let made = making.output().unwrap();
    assert!(made.status.success(), "{made:#?}");
}

#[tokio::test]
async fn services_that_own_nothing_play_what_the_owner_has_prepared() {
    let Some(postgres) = Postgres::start().await else { return };
    let Some(mut servers) = Servers::of_our_own("roles").await else { return };
    make_roles(&postgres);
    servers.database = postgres.url_for(SERVICE, DATABASE);
    let refused = servers.home().run(&["migrate"]).await;
    assert_eq!(refused.code(), Some(1), "a service may not: {refused:#?}");

    servers.owner = Some(postgres.url_for(OWNER, DATABASE));
    let mut apart = Apart::prepare(&servers).await.start(1, 1).await;
    let stage = apart.stage().await;
    play(&stage, "Ironvale").await;
    let examined = apart.home.run(&["doctor"]).await;
    let permissions = examined.stdout.lines().find(|line| line.contains("permissions: signs")).unwrap();
    insta::assert_snapshot!(permissions, @"ok     permissions: signs in as muster and works as muster_app, whom row-level security holds");
    let of_services = apart.services.iter().map(|service| service.program.said());
    for said in of_services.chain([stage.program.said()]) {
        assert!(!said.contains("process.unwalled"), "{said}");
    }
    let admin = PgPool::connect(&postgres.url(DATABASE)).await.unwrap();
    let owners = "SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname = 'public'";
    let owners: Vec<String> = sqlx::query_scalar(owners).fetch_all(&admin).await.unwrap();
    assert_eq!(owners, [OWNER.0]);
    admin.close().await;
    stage.program.stop().await;
    apart.stop().await;
}
