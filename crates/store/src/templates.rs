//! Templates.

use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::statements;
use crate::{GuildScope, StoreError, Tx};
use domain::{GuildId, Template, TemplateId, Terms};
use sqlx::types::Json;
use uuid::Uuid;

statements! {
    FIND = "SELECT" "templates",
        "SELECT id, guild, name, description, position, is_default, terms FROM templates \
         WHERE id = $1 AND guild = $2";
    DEFAULT = "SELECT" "templates",
        "SELECT id, guild, name, description, position, is_default, terms FROM templates \
         WHERE guild = $1 AND is_default";
    OF_GUILD = "SELECT" "templates",
        "SELECT id, guild, name, description, position, is_default, terms FROM templates \
         WHERE guild = $1 ORDER BY position, id";
    INSERT = "INSERT" "templates",
        "INSERT INTO templates (id, guild, name, description, position, is_default, terms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
}

#[derive(sqlx::FromRow)]
struct TemplateRow {
    id: Uuid,
    guild: i64,
    name: String,
    description: String,
    position: i64,
    is_default: bool,
    terms: Json<Terms>,
}

impl From<TemplateRow> for Template {
    fn from(row: TemplateRow) -> Self {
        Self {
            id: TemplateId::new(row.id),
            guild: GuildId::new(row.guild.cast_unsigned()),
            name: row.name,
            description: row.description,
            position: u32::try_from(row.position).unwrap_or(u32::MAX),
            is_default: row.is_default,
            terms: row.terms.0,
        }
    }
}

/// A template of this guild.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, scope: GuildScope, id: TemplateId) -> Result<Option<Template>, StoreError> {
    tx.within(scope).await?;
    Ok(fetch_optional!(tx, &FIND => TemplateRow, [id.get(), scope.column()])?.map(Template::from))
}

/// The guild's default template.
///
/// # Errors
/// When the database fails.
pub async fn default_of(tx: &mut Tx, scope: GuildScope) -> Result<Option<Template>, StoreError> {
    tx.within(scope).await?;
    Ok(fetch_optional!(tx, &DEFAULT => TemplateRow, [scope.column()])?.map(Template::from))
}

/// The guild's templates in their order.
///
/// # Errors
/// When the database fails.
pub async fn of_guild(tx: &mut Tx, scope: GuildScope) -> Result<Vec<Template>, StoreError> {
    tx.within(scope).await?;
    let rows = fetch_all!(tx, &OF_GUILD => TemplateRow, [scope.column()])?;
    Ok(rows.into_iter().map(Template::from).collect())
}

/// Adds a template; a second default for one guild changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, template: &Template) -> Result<(), StoreError> {
    tx.within(GuildScope::new(template.guild)).await?;
    execute!(
        tx,
        &INSERT,
        [
            template.id.get(),
            template.guild.get().cast_signed(),
            &template.name,
            &template.description,
            i64::from(template.position),
            template.is_default,
            Json(&template.terms),
        ]
    )?;
    Ok(())
}
