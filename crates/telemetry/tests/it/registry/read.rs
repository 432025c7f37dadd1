//! Reading the registry: the part of the semantic-convention format that ours uses
//! (<https://github.com/open-telemetry/weaver/blob/main/schemas/semconv-syntax.md>).

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// All files, in the order of their names.
#[derive(Debug)]
pub(super) struct Registry(Vec<File>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    groups: Vec<Group>,
    #[serde(default)]
    imports: Imports,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Imports {
    #[serde(default)]
    metrics: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) id: String,
    #[serde(rename = "type")]
    kind: GroupKind,
    #[serde(default)]
    pub(super) display_name: String,
    pub(super) brief: String,
    #[serde(default)]
    span_kind: String,
    #[serde(default)]
    metric_name: String,
    #[serde(default)]
    pub(super) instrument: String,
    #[serde(default)]
    pub(super) unit: String,
    #[serde(default)]
    name: String,
    #[serde(default, rename = "stability")]
    _stability: String,
    #[serde(default)]
    annotations: Annotations,
    #[serde(default)]
    attributes: Vec<Attribute>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum GroupKind {
    AttributeGroup,
    Span,
    Metric,
    Event,
    Entity,
}

/// What is only ours, where the format leaves room for it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotations {
    muster: Ours,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ours {
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    level: String,
}

/// A definition (`id`) or a reference (`ref`).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attribute {
    #[serde(default)]
    pub(super) id: String,
    #[serde(default, rename = "ref")]
    pub(super) reference: String,
    #[serde(default, rename = "type")]
    value: Option<Type>,
    #[serde(default)]
    pub(super) brief: String,
    #[serde(default, rename = "stability")]
    _stability: String,
    #[serde(default, rename = "examples")]
    _examples: Vec<serde_json::Value>,
    #[serde(default)]
    requirement_level: Option<Requirement>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Type {
    Plain(String),
    Members { members: Vec<Member> },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    #[serde(rename = "id")]
    _id: String,
    value: String,
    #[serde(rename = "brief")]
    _brief: String,
    #[serde(rename = "stability")]
    _stability: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Requirement {
    Plain(String),
    Condition(BTreeMap<String, String>),
}

impl Registry {
    pub(super) fn read(folder: &Path) -> Self {
        let mut paths: Vec<_> =
            std::fs::read_dir(folder).expect("it is there").flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths.retain(|path| !path.ends_with("manifest.yaml"));
        let files = paths.iter().map(|path| {
            let text = std::fs::read_to_string(path).expect("it can be read");
            serde_yaml_ng::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        });
        Self(files.collect())
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.0.iter().flat_map(|file| &file.groups)
    }

    fn of_kind(&self, kind: GroupKind) -> impl Iterator<Item = &Group> {
        self.groups().filter(move |group| group.kind == kind)
    }

    pub(super) fn attribute_groups(&self) -> impl Iterator<Item = &Group> {
        self.of_kind(GroupKind::AttributeGroup)
    }

    pub(super) fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.attribute_groups().flat_map(|group| &group.attributes)
    }

    pub(super) fn spans(&self) -> impl Iterator<Item = &Group> {
        self.of_kind(GroupKind::Span)
    }

    pub(super) fn metrics(&self) -> impl Iterator<Item = &Group> {
        self.of_kind(GroupKind::Metric)
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &Group> {
        self.of_kind(GroupKind::Event)
    }

    pub(super) fn entities(&self) -> impl Iterator<Item = &Group> {
        self.of_kind(GroupKind::Entity)
    }

    pub(super) fn imported_metrics(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|file| &file.imports.metrics).map(String::as_str)
    }
}

impl Group {
    /// What the span is called in the tables: its id without the prefix.
    pub(super) fn span_id(&self) -> &str {
        self.id.strip_prefix("span.muster.").expect("ids of spans begin so")
    }

    pub(super) fn span_kind(&self) -> &str {
        &self.span_kind
    }

    pub(super) fn names(&self) -> &[String] {
        &self.annotations.muster.names
    }

    pub(super) fn level(&self) -> &str {
        &self.annotations.muster.level
    }

    pub(super) fn metric_name(&self) -> &str {
        &self.metric_name
    }

    pub(super) fn event_name(&self) -> &str {
        &self.name
    }

    pub(super) fn definitions(&self) -> &[Attribute] {
        &self.attributes
    }

    pub(super) fn references(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|it| it.reference.as_str()).filter(|reference| !reference.is_empty())
    }

    pub(super) fn required(&self) -> impl Iterator<Item = &str> {
        let required = self.attributes.iter().filter(|attribute| attribute.is_required());
        required.map(|attribute| attribute.reference.as_str())
    }

    /// References that are not required, with the condition if there is one.
    pub(super) fn optional(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let optional = self.attributes.iter().filter(|attribute| !attribute.is_required());
        optional.map(|attribute| (attribute.reference.as_str(), attribute.condition()))
    }
}

impl Attribute {
    fn is_required(&self) -> bool {
        matches!(&self.requirement_level, Some(Requirement::Plain(level)) if level == "required")
    }

    fn condition(&self) -> Option<&str> {
        match &self.requirement_level {
            Some(Requirement::Condition(conditions)) => conditions.values().next().map(String::as_str),
            _ => None,
        }
    }

    /// Its type, or the values that it may have.
    pub(super) fn values(&self) -> String {
        match &self.value {
            Some(Type::Plain(name)) => name.clone(),
            Some(Type::Members { members }) => {
                members.iter().map(|member| format!("`{}`", member.value)).collect::<Vec<_>>().join(", ")
            }
            None => String::new(),
        }
    }
}
