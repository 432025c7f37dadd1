//! Embeds (resources, "Message": embed limits).

use super::fields::{join, list, optional_text, required_text};
use crate::errors::Problems;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

const EMBEDS_LIMIT: usize = 10;
const TITLE_LIMIT: usize = 256;
const DESCRIPTION_LIMIT: usize = 4096;
const FIELDS_LIMIT: usize = 25;
const FIELD_NAME_LIMIT: usize = 256;
const FIELD_VALUE_LIMIT: usize = 1024;
const FOOTER_LIMIT: usize = 2048;
const AUTHOR_LIMIT: usize = 256;
const URL_LIMIT: usize = 2048;
const TOTAL_LIMIT: usize = 6000;
const COLOR_LIMIT: u64 = 0x00FF_FFFF;

/// The field `embeds`; `None` when it was left out, empty when it was null.
pub(super) fn read(body: &Map<String, Value>, problems: &mut Problems) -> Option<Vec<Value>> {
    body.get("embeds")?;
    let embeds = list(body, "embeds", "embeds", problems);
    problems.at_most("embeds", embeds.len(), EMBEDS_LIMIT);
    for (at, embed) in embeds.iter().enumerate() {
        check(embed, &format!("embeds.{at}"), problems);
    }
    if embeds.iter().map(size).sum::<usize>() > TOTAL_LIMIT {
        let message = format!("Embed size exceeds maximum size of {TOTAL_LIMIT}");
        problems.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", message);
    }
    Some(embeds.iter().map(normal).collect())
}

fn check(embed: &Value, path: &str, problems: &mut Problems) {
    let Some(object) = embed.as_object() else {
        problems.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType");
        return;
    };
    let visible = ["title", "description", "fields", "footer", "author", "image", "thumbnail", "url"];
    if visible.iter().all(|name| object.get(*name).is_none_or(is_blank)) {
        problems.required(&join(path, "description"));
    }
    optional_text(embed, "title", path, TITLE_LIMIT, problems);
    optional_text(embed, "description", path, DESCRIPTION_LIMIT, problems);
    check_urls(embed, path, problems);
    check_fields(object, path, problems);
    if let Some(footer) = embed.get("footer").filter(|footer| !footer.is_null()) {
        required_text(footer, "text", &join(path, "footer"), FOOTER_LIMIT, problems);
    }
    if let Some(author) = embed.get("author").filter(|author| !author.is_null()) {
        required_text(author, "name", &join(path, "author"), AUTHOR_LIMIT, problems);
    }
    check_color(embed, path, problems);
    check_timestamp(embed, path, problems);
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn check_fields(embed: &Map<String, Value>, path: &str, problems: &mut Problems) {
    let path = join(path, "fields");
    let fields = list(embed, "fields", &path, problems);
    problems.at_most(&path, fields.len(), FIELDS_LIMIT);
    for (at, field) in fields.iter().enumerate() {
        let path = format!("{path}.{at}");
        required_text(field, "name", &path, FIELD_NAME_LIMIT, problems);
        required_text(field, "value", &path, FIELD_VALUE_LIMIT, problems);
    }
}

fn check_urls(embed: &Value, path: &str, problems: &mut Problems) {
    let inner = |name: &str| embed.get(name).unwrap_or(&Value::Null);
    let places = [
        (embed, "url", path.to_owned(), false),
        (inner("image"), "url", join(path, "image"), true),
        (inner("thumbnail"), "url", join(path, "thumbnail"), true),
        (inner("author"), "url", join(path, "author"), false),
        (inner("author"), "icon_url", join(path, "author"), true),
        (inner("footer"), "icon_url", join(path, "footer"), true),
    ];
    for (object, name, path, attachments) in places {
        let Some(url) = optional_text(object, name, &path, URL_LIMIT, problems) else { continue };
        check_scheme(url, &join(&path, name), attachments, problems);
    }
}

/// Notes an address that isn't http or https (or an attachment, where one may stand).
pub(super) fn check_scheme(url: &str, path: &str, attachments: bool, problems: &mut Problems) {
    let known =
        ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme) && url.len() > scheme.len());
    let attached = attachments && url.starts_with("attachment://");
    if !known && !attached {
        let message = format!("Scheme \"{url}\" is not supported. Scheme must be one of ('http', 'https').");
        problems.add(path, "URL_TYPE_INVALID_SCHEME", message);
    }
}

fn check_color(embed: &Value, path: &str, problems: &mut Problems) {
    let Some(color) = embed.get("color").filter(|color| !color.is_null()) else { return };
    match color.as_u64() {
        Some(bits) if bits <= COLOR_LIMIT => {}
        Some(_) => {
            let message = format!("int value should be less than or equal to {COLOR_LIMIT}.");
            problems.add(&join(path, "color"), "NUMBER_TYPE_MAX", message);
        }
        None => {
            let message = format!("Value {color} is not int.");
            problems.add(&join(path, "color"), "NUMBER_TYPE_COERCE", message);
        }
    }
}

fn check_timestamp(embed: &Value, path: &str, problems: &mut Problems) {
    let Some(at) = embed.get("timestamp").filter(|at| !at.is_null()) else { return };
    if at.as_str().is_none_or(|at| at.parse::<Timestamp>().is_err()) {
        let message = format!("Could not parse {at}. Should be ISO8601.");
        problems.add(&join(path, "timestamp"), "DATE_TIME_TYPE_PARSE", message);
    }
}

/// Characters that count towards the total.
fn size(embed: &Value) -> usize {
    let length = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
    let fields = embed["fields"].as_array().into_iter().flatten();
    length(&embed["title"])
        + length(&embed["description"])
        + length(&embed["footer"]["text"])
        + length(&embed["author"]["name"])
        + fields.map(|field| length(&field["name"]) + length(&field["value"])).sum::<usize>()
}

/// The embed as Discord gives it back.
fn normal(embed: &Value) -> Value {
    let names =
        ["title", "description", "url", "timestamp", "color", "footer", "image", "thumbnail", "author"];
    let mut known = Map::from_iter([("type".to_owned(), json!("rich"))]);
    for name in names {
        if let Some(value) = embed.get(name).filter(|value| !value.is_null()) {
            known.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(fields) = embed["fields"].as_array() {
        let field = |field: &Value| {
            let inline = field["inline"].as_bool().unwrap_or(false);
            json!({ "name": field["name"], "value": field["value"], "inline": inline })
        };
        known.insert("fields".to_owned(), fields.iter().map(field).collect());
    }
    Value::Object(known)
}
