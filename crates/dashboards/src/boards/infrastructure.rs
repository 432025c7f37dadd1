use crate::grafana::{Dashboard, Panel, Unit};
use crate::query::UnknownMetric;

/// PostgreSQL, Redis and RabbitMQ: as Alloy scrapes them, or as the embedded collector does. Whichever of the two
/// there is fills the panels.
pub(super) fn board() -> Result<Dashboard, UnknownMetric> {
    let mut panels = postgresql()?;
    panels.extend(redis()?);
    panels.extend(rabbitmq()?);
    let about = "PostgreSQL, Redis and RabbitMQ.";
    Ok(Dashboard::new("infrastructure", "infrastructure", about, panels))
}

/// The rate of the one, or else of the other.
fn rate(one: &str, other: &str) -> String {
    format!("sum(rate(<{one}>[$__rate_interval])) or sum(rate(<{other}>[$__rate_interval]))")
}

fn postgresql() -> Result<Vec<Panel>, UnknownMetric> {
    Ok(vec![
        Panel::lines("PostgreSQL: connections", Unit::Count)
            .query("{{state}}", "sum by (state) (<pg_stat_activity_count>)")?
            .query("all", "sum(<postgresql.backends>)")?
            .query("at most", "max(<pg_settings_max_connections>) or max(<postgresql.connection.max>)")?,
        Panel::lines("PostgreSQL: transactions", Unit::PerSecond)
            .query("committed", &rate("pg_stat_database_xact_commit", "postgresql.commits"))?
            .query("rolled back", &rate("pg_stat_database_xact_rollback", "postgresql.rollbacks"))?,
        Panel::lines("PostgreSQL: found in memory", Unit::Share)
            .query(
                "of blocks",
                "sum(rate(<pg_stat_database_blks_hit>[$__rate_interval])) / \
                 (sum(rate(<pg_stat_database_blks_hit>[$__rate_interval])) + \
                 sum(rate(<pg_stat_database_blks_read>[$__rate_interval])))",
            )?
            .query(
                "of blocks",
                "sum(rate(<postgresql.blks_hit>[$__rate_interval])) / \
                 (sum(rate(<postgresql.blks_hit>[$__rate_interval])) + \
                 sum(rate(<postgresql.blks_read>[$__rate_interval])))",
            )?,
        Panel::lines("PostgreSQL: rows", Unit::PerSecond)
            .query("inserted", &rate("pg_stat_database_tup_inserted", "postgresql.tup_inserted"))?
            .query("updated", &rate("pg_stat_database_tup_updated", "postgresql.tup_updated"))?
            .query("deleted", &rate("pg_stat_database_tup_deleted", "postgresql.tup_deleted"))?,
        Panel::lines("PostgreSQL: scans", Unit::PerSecond)
            .tells("Whole tables that grow should not be read.")
            .query("of whole tables", &rate("pg_stat_user_tables_seq_scan", "postgresql.sequential_scans"))?
            .query("by index", &rate("pg_stat_user_tables_idx_scan", "postgresql.index.scans"))?,
        Panel::lines("PostgreSQL: size, deadlocks", Unit::Bytes)
            .query("{{datname}}", "max by (datname) (<pg_database_size_bytes>)")?
            .query("size", "sum(<postgresql.db_size>)")?
            .query(
                "deadlocks, last hour",
                "sum(increase(<pg_stat_database_deadlocks>[1h])) or sum(increase(<postgresql.deadlocks>[1h]))",
            )?,
    ])
}

fn redis() -> Result<Vec<Panel>, UnknownMetric> {
    Ok(vec![
        Panel::lines("Redis: memory", Unit::Bytes)
            .query("used", "max(<redis_memory_used_bytes>) or max(<redis.memory.used>)")?
            .query("highest", "max(<redis_memory_used_peak_bytes>) or max(<redis.memory.peak>)")?,
        Panel::lines("Redis: commands", Unit::PerSecond)
            .query("processed", &rate("redis_commands_processed_total", "redis.commands.processed"))?,
        Panel::lines("Redis: keys", Unit::PerSecond)
            .query("found", &rate("redis_keyspace_hits_total", "redis.keyspace.hits"))?
            .query("not found", &rate("redis_keyspace_misses_total", "redis.keyspace.misses"))?
            .query("evicted", &rate("redis_evicted_keys_total", "redis.keys.evicted"))?,
        Panel::lines("Redis: clients", Unit::Count)
            .query("connected", "max(<redis_connected_clients>) or max(<redis.clients.connected>)")?
            .query("blocked", "max(<redis_blocked_clients>) or max(<redis.clients.blocked>)")?,
    ])
}

fn rabbitmq() -> Result<Vec<Panel>, UnknownMetric> {
    Ok(vec![
        Panel::lines("RabbitMQ: messages waiting", Unit::Count)
            .query("{{queue}} ready", "max by (queue) (<rabbitmq_detailed_queue_messages_ready>)")?
            .query("{{queue}} unacknowledged", "max by (queue) (<rabbitmq_detailed_queue_messages_unacked>)")?
            .query("{{state}}", "sum by (state) (<rabbitmq.message.current>)")?,
        Panel::lines("RabbitMQ: messages", Unit::PerSecond)
            .query(
                "published",
                &rate("rabbitmq_global_messages_received_total", "rabbitmq.message.published"),
            )?
            .query(
                "delivered",
                &rate("rabbitmq_global_messages_delivered_total", "rabbitmq.message.delivered"),
            )?
            .query(
                "acknowledged",
                &rate("rabbitmq_global_messages_acknowledged_total", "rabbitmq.message.acknowledged"),
            )?
            .query(
                "redelivered",
                "sum(rate(<rabbitmq_global_messages_redelivered_total>[$__rate_interval]))",
            )?,
        Panel::lines("RabbitMQ: consumers", Unit::Count)
            .query("{{queue}}", "max by (queue) (<rabbitmq_detailed_queue_consumers>)")?
            .query("all", "sum(<rabbitmq.consumer.count>)")?,
        Panel::lines("RabbitMQ: memory and disk", Unit::Bytes)
            .query("memory", "sum(<rabbitmq_process_resident_memory_bytes>)")?
            .query("memory at most", "sum(<rabbitmq_resident_memory_limit_bytes>)")?
            .query("disk free", "min(<rabbitmq_disk_space_available_bytes>)")?,
    ])
}
