//! A database of a test's own.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// A database, and connections to it and beside it.
pub(crate) struct Ground {
    pub(crate) server: PgConnection,
    pub(crate) db: PgConnection,
    pub(crate) name: String,
    pub(crate) url: String,
}

impl Ground {
    pub(crate) async fn new(url: &str, name: &str) -> Self {
        let mut server = PgConnection::connect(url).await.unwrap();
        let name = name.to_owned();
        run(&mut server, format!("CREATE DATABASE {name}")).await;
        let url = of_database(url, &name);
        Self { server, db: PgConnection::connect(&url).await.unwrap(), name, url }
    }

    /// One in which these statements were run, and none of whose pages is in memory: it is a copy of files.
    pub(crate) async fn cold(url: &str, name: &str, sql: &'static str) -> Self {
        let mut server = PgConnection::connect(url).await.unwrap();
        let name = name.to_owned();
        // Nobody asks a template for its tables, which would keep it from being copied.
        run(&mut server, format!("CREATE DATABASE {name}_before IS_TEMPLATE true")).await;
        let mut before = PgConnection::connect(&of_database(url, &format!("{name}_before"))).await.unwrap();
        run(&mut before, sql.to_owned()).await;
        before.close().await.unwrap();
        run(&mut server, format!("CREATE DATABASE {name} TEMPLATE {name}_before STRATEGY file_copy")).await;
        run(&mut server, format!("ALTER DATABASE {name}_before IS_TEMPLATE false")).await;
        run(&mut server, format!("DROP DATABASE {name}_before WITH (FORCE)")).await;
        let url = of_database(url, &name);
        Self { server, db: PgConnection::connect(&url).await.unwrap(), name, url }
    }

    /// One more connection to it.
    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    /// Runs statements, and has the server count at once what they did.
    pub(crate) async fn run(&mut self, sql: &'static str) {
        run(&mut self.db, sql.to_owned()).await;
        flush(&mut self.db).await;
    }

    /// A number that the server itself tells.
    pub(crate) async fn number(&mut self, sql: &'static str) -> f64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.db).await.unwrap()
    }
}

/// Has the server count at once what a connection did. One that has looked at no table has nothing to count.
pub(crate) async fn flush(db: &mut PgConnection) {
    run(db, "SELECT pg_stat_force_next_flush() FROM pg_database LIMIT 1".to_owned()).await;
}

/// Runs statements that are a test's own.
pub(crate) async fn run(db: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await.unwrap();
}

fn of_database(url: &str, name: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_path(name);
    url.into()
}
