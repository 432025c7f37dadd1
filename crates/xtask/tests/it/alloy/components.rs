//! What the pinned Alloy takes, and a configuration against it.

use super::syntax::{Block, Value, parse};
use std::collections::BTreeMap;

/// How settled a part of Alloy is; it starts with those that its flag `--stability.level` allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stability {
    #[default]
    GeneralAvailability,
    PublicPreview,
    Experimental,
}

impl Stability {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "general-availability" => Self::GeneralAvailability,
            "public-preview" => Self::PublicPreview,
            "experimental" => Self::Experimental,
            other => panic!("there is no stability level {other}"),
        }
    }
}

/// A component, or a block within one.
#[derive(Debug, Default)]
struct Part {
    stability: Stability,
    required: bool,
    export: Option<String>,
    /// By name, whether it has to be there.
    arguments: BTreeMap<String, bool>,
}

/// All that our configurations may use.
pub(crate) struct Components(BTreeMap<String, Part>);

/// What an argument that takes other components' exports expects of them.
const EXPECTED: [(&str, &str); 6] = [
    ("traces", "input"),
    ("metrics", "input"),
    ("logs", "input"),
    ("forward_to", "receiver"),
    ("auth", "handler"),
    ("storage", "handler"),
];
const FUNCTIONS: [&str; 2] = ["sys.env", "coalesce"];

impl Components {
    pub(crate) fn known() -> Self {
        let lines = include_str!("components.txt").lines();
        Self(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(part).collect())
    }

    /// Everything that is wrong with a configuration, or the level that it needs.
    pub(crate) fn check(&self, text: &str) -> Result<Stability, Vec<String>> {
        let blocks = parse(text).map_err(|error| vec![error])?;
        let mut check =
            Check { known: self, wrong: Vec::new(), stability: Stability::default(), exports: Vec::new() };
        for block in &blocks {
            check.declare(block);
        }
        for block in &blocks {
            check.part(&block.name, block);
        }
        if check.wrong.is_empty() { Ok(check.stability) } else { Err(check.wrong) }
    }

    fn inside<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, &'a Part)> {
        self.0.iter().filter_map(move |(name, part)| {
            let block = name.strip_prefix(path)?.strip_prefix(" > ")?;
            (!block.contains(" > ")).then_some((block, part))
        })
    }
}

fn part(line: &str) -> (String, Part) {
    let (head, arguments) = line.split_once(" :").unwrap();
    let (head, export) = head.split_once(" -> ").map_or((head, None), |(head, export)| (head, Some(export)));
    let (head, stability) = head.split_once(" [").map_or((head, Stability::default()), |(head, level)| {
        (head, Stability::named(level.trim_end_matches(']')))
    });
    let argument = |word: &str| (word.trim_end_matches('!').to_owned(), word.ends_with('!'));
    let part = Part {
        stability,
        required: head.ends_with('!'),
        export: export.map(str::to_owned),
        arguments: arguments.split_whitespace().map(argument).collect(),
    };
    (head.trim_end_matches('!').to_owned(), part)
}

struct Check<'a> {
    known: &'a Components,
    wrong: Vec<String>,
    stability: Stability,
    /// `otelcol.processor.batch.all.input`, of every component that there is.
    exports: Vec<String>,
}

impl Check<'_> {
    fn declare(&mut self, block: &Block) {
        let export = self.known.0.get(&block.name).and_then(|part| part.export.as_ref());
        if let (Some(export), Some(label)) = (export, &block.label) {
            let name = format!("{}.{label}.{export}", block.name);
            if self.exports.contains(&name) {
                self.wrong.push(format!("{} {label:?} is there twice", block.name));
            }
            self.exports.push(name);
        }
    }

    fn part(&mut self, path: &str, block: &Block) {
        let Some(part) = self.known.0.get(path) else {
            self.wrong.push(format!("there is no {path}"));
            return;
        };
        self.stability = self.stability.max(part.stability);
        for (name, value) in &block.attributes {
            if !part.arguments.contains_key(name) {
                self.wrong.push(format!("{path} has no argument {name}"));
            }
            self.value(path, name, value);
        }
        for (name, _) in part.arguments.iter().filter(|(_, required)| **required) {
            if !block.attributes.iter().any(|(given, _)| given == name) {
                self.wrong.push(format!("{path} lacks {name}"));
            }
        }
        for (name, _) in self.known.inside(path).filter(|(_, inner)| inner.required) {
            if !block.blocks.iter().any(|given| given.name == name) {
                self.wrong.push(format!("{path} lacks the block {name}"));
            }
        }
        for inner in &block.blocks {
            self.part(&format!("{path} > {}", inner.name), inner);
        }
    }

    fn value(&mut self, path: &str, argument: &str, value: &Value) {
        for part in value.all() {
            match part {
                Value::Call(function, _) if !FUNCTIONS.contains(&function.as_str()) => {
                    self.wrong.push(format!("{path}: there is no function {function}"));
                }
                Value::Name(name) if name.contains('.') => self.reference(path, argument, name),
                Value::Name(name) if !["true", "false", "null"].contains(&name.as_str()) => {
                    self.wrong.push(format!("{path}: {argument} is {name}, which is nothing"));
                }
                _ => {}
            }
        }
    }

    fn reference(&mut self, path: &str, argument: &str, name: &String) {
        let expected =
            EXPECTED.iter().find(|(known, _)| *known == argument).map_or("targets", |(_, export)| export);
        if !self.exports.contains(name) {
            self.wrong.push(format!("{path}: {argument} refers to {name}, which nothing exports"));
        } else if !name.ends_with(&format!(".{expected}")) {
            self.wrong.push(format!("{path}: {argument} takes no {name}"));
        }
    }
}
