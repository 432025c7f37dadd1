//! What the pinned Alloy takes, and a configuration against it.

use super::syntax::{Block, Value, parse};
use super::types::Type;
use std::collections::{BTreeMap, BTreeSet};

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
    repeated: bool,
    /// Its name and its kind.
    export: Option<(String, String)>,
    /// By name, the type and whether it has to be there.
    arguments: BTreeMap<String, (Type, bool)>,
}

/// All that our configurations may use.
pub(crate) struct Components(BTreeMap<String, Part>);

const FUNCTIONS: [&str; 2] = ["sys.env", "coalesce"];

impl Components {
    pub(crate) fn known() -> Self {
        let lines = include_str!("components.txt").lines();
        Self(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(part).collect())
    }

    /// Everything that is wrong with a configuration, or the level that it needs.
    pub(crate) fn check(&self, text: &str) -> Result<Stability, Vec<String>> {
        let blocks = parse(text).map_err(|error| vec![error])?;
        let mut check = Check::of(self);
        for block in &blocks {
            check.declare(block);
        }
        for block in &blocks {
            check.part(&block.name, block);
        }
        check.find_idle();
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
    let argument = |word: &str| {
        let (name, kind) =
            word.trim_end_matches('!').split_once(':').unwrap_or((word.trim_end_matches('!'), ""));
        (name.to_owned(), (Type::named(kind), word.ends_with('!')))
    };
    let export = export.map(|export| export.split_once(':').unwrap());
    let part = Part {
        stability,
        required: head.contains('!'),
        repeated: head.ends_with('*'),
        export: export.map(|(name, kind)| (name.to_owned(), kind.to_owned())),
        arguments: arguments.split_whitespace().map(argument).collect(),
    };
    (head.trim_end_matches(['!', '*']).to_owned(), part)
}

struct Check<'a> {
    known: &'a Components,
    wrong: Vec<String>,
    stability: Stability,
    /// `otelcol.processor.batch.all.input`, of every component that there is, with its kind.
    exports: BTreeMap<String, String>,
    used: BTreeSet<String>,
}

impl<'a> Check<'a> {
    fn of(known: &'a Components) -> Self {
        Self {
            known,
            wrong: Vec::new(),
            stability: Stability::default(),
            exports: BTreeMap::new(),
            used: BTreeSet::new(),
        }
    }

    fn declare(&mut self, block: &Block) {
        let is_component = block.name.contains('.');
        if is_component != block.label.is_some() {
            self.wrong.push(format!(
                "{} {} label",
                block.name,
                if is_component { "lacks a" } else { "takes no" }
            ));
        }
        let export = self.known.0.get(&block.name).and_then(|part| part.export.as_ref());
        if let (Some((export, kind)), Some(label)) = (export, &block.label) {
            let name = format!("{}.{label}.{export}", block.name);
            if self.exports.insert(name, kind.clone()).is_some() {
                self.wrong.push(format!("{} {label:?} is there twice", block.name));
            }
        }
    }

    fn part(&mut self, path: &str, block: &Block) {
        let Some(part) = self.known.0.get(path) else {
            self.wrong.push(format!("there is no {path}"));
            return;
        };
        self.stability = self.stability.max(part.stability);
        for (name, value) in &block.attributes {
            match part.arguments.get(name) {
                None => self.wrong.push(format!("{path} has no argument {name}")),
                Some((kind, _)) => self.argument(path, (name, *kind), value),
            }
        }
        for (name, _) in part.arguments.iter().filter(|(_, (_, required))| *required) {
            if !block.attributes.iter().any(|(given, _)| given == name) {
                self.wrong.push(format!("{path} lacks {name}"));
            }
        }
        self.blocks(path, block);
    }

    fn blocks(&mut self, path: &str, block: &Block) {
        for (name, inner) in self.known.inside(path) {
            let given = block.blocks.iter().filter(|given| given.name == name).count();
            if inner.required && given == 0 {
                self.wrong.push(format!("{path} lacks the block {name}"));
            }
            if !inner.repeated && given > 1 {
                self.wrong.push(format!("{path} has more than one block {name}"));
            }
        }
        for inner in &block.blocks {
            if inner.label.is_some() {
                self.wrong.push(format!("{path} > {} takes no label", inner.name));
            }
            self.part(&format!("{path} > {}", inner.name), inner);
        }
    }

    fn argument(&mut self, path: &str, (name, kind): (&str, Type), value: &Value) {
        if !kind.takes(value) {
            self.wrong.push(format!("{path}: {name} is no {kind:?}"));
        }
        for inner in value.all() {
            match inner {
                Value::Call(function, _) if !FUNCTIONS.contains(&function.as_str()) => {
                    self.wrong.push(format!("{path}: there is no function {function}"));
                }
                Value::Name(target) if target.contains('.') => self.reference(path, (name, kind), target),
                Value::Name(target) if !["true", "false", "null"].contains(&target.as_str()) => {
                    self.wrong.push(format!("{path}: {name} is {target}, which is nothing"));
                }
                _ => {}
            }
        }
    }

    /// What is referred to is there, and is what the argument wants.
    fn reference(&mut self, path: &str, (name, kind): (&str, Type), target: &str) {
        let Some(exported) = self.exports.get(target) else {
            self.wrong.push(format!("{path}: {name} refers to {target}, which nothing exports"));
            return;
        };
        let fits = match kind {
            Type::Capsule(wanted) | Type::Capsules(wanted) => exported == wanted,
            Type::Consumers => exported.split('+').any(|signal| signal == name),
            _ => false,
        };
        if !fits {
            self.wrong.push(format!("{path}: {name} takes no {target}, which is {exported}"));
        }
        self.used.insert(target.to_owned());
    }

    /// Nothing is there that nobody refers to.
    fn find_idle(&mut self) {
        let idle = self.exports.keys().filter(|export| !self.used.contains(*export));
        self.wrong.extend(idle.map(|export| format!("nobody refers to {export}")));
    }
}
