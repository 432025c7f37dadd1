//! As much of `LogQL`'s and `TraceQL`'s grammar as the dashboards use; what is beyond it has to be added here first.

/// What a query asks for: its labels, fields or attributes.
pub(crate) type Names = Vec<String>;

struct Text<'a> {
    rest: &'a str,
}

impl<'a> Text<'a> {
    fn takes(&mut self, word: &str) -> bool {
        match self.rest.trim_start().strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn needs(&mut self, word: &str) -> Result<(), String> {
        if self.takes(word) { Ok(()) } else { Err(format!("{word} is missing before {:?}", self.rest)) }
    }

    fn one_of(&mut self, words: &[&'static str]) -> Option<&'static str> {
        words.iter().find(|word| self.takes(word)).copied()
    }

    fn name(&mut self) -> Result<&'a str, String> {
        let rest = self.rest.trim_start();
        let part_of = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let length = rest.find(|c| !part_of(c)).unwrap_or(rest.len());
        if length == 0 {
            return Err(format!("a name is missing before {rest:?}"));
        }
        self.rest = &rest[length..];
        Ok(&rest[..length])
    }

    fn quoted(&mut self) -> Result<(), String> {
        let rest = self.rest.trim_start();
        let quote = rest.chars().next().filter(|c| ['"', '`'].contains(c));
        let end = quote.and_then(|quote| rest[1..].find(quote));
        let end = end.ok_or_else(|| format!("a quoted text is missing before {rest:?}"))?;
        self.rest = &rest[end + 2..];
        Ok(())
    }

    fn ends(&self) -> bool {
        self.rest.trim_start().is_empty()
    }
}

/// Reads `{label="…", …} |= "…" | field="…" or …`.
pub(crate) fn logql(query: &str) -> Result<Names, String> {
    let mut text = Text { rest: query };
    let mut names = Names::new();
    text.needs("{")?;
    loop {
        names.push(text.name()?.to_owned());
        text.one_of(&["=~", "!~", "!=", "="]).ok_or("a matcher has no operator")?;
        text.quoted()?;
        if !text.takes(",") {
            break;
        }
    }
    text.needs("}")?;
    while !text.ends() {
        if text.one_of(&["|=", "|~", "!=", "!~"]).is_some() {
            text.quoted()?;
        } else {
            text.needs("|")?;
            fields(&mut text, &mut names)?;
        }
    }
    Ok(names)
}

fn fields(text: &mut Text<'_>, names: &mut Names) -> Result<(), String> {
    loop {
        names.push(text.name()?.to_owned());
        text.one_of(&["=~", "!~", "!=", "="]).ok_or("a filter has no operator")?;
        text.quoted()?;
        if text.one_of(&["and ", "or "]).is_none() {
            return Ok(());
        }
    }
}

/// Reads `{ condition && (condition || condition) } | select(attribute)`.
pub(crate) fn traceql(query: &str) -> Result<Names, String> {
    let mut text = Text { rest: query };
    let mut names = Names::new();
    text.needs("{")?;
    conditions(&mut text, &mut names)?;
    text.needs("}")?;
    if text.takes("|") {
        text.needs("select")?;
        text.needs("(")?;
        names.push(text.name()?.to_owned());
        while text.takes(",") {
            names.push(text.name()?.to_owned());
        }
        text.needs(")")?;
    }
    if text.ends() { Ok(names) } else { Err(format!("{:?} is too much", text.rest)) }
}

fn conditions(text: &mut Text<'_>, names: &mut Names) -> Result<(), String> {
    loop {
        if text.takes("(") {
            conditions(text, names)?;
            text.needs(")")?;
        } else {
            condition(text, names)?;
        }
        if text.one_of(&["&&", "||"]).is_none() {
            return Ok(());
        }
    }
}

fn condition(text: &mut Text<'_>, names: &mut Names) -> Result<(), String> {
    let name = text.name()?;
    names.push(name.to_owned());
    text.one_of(&["=~", "!~", "!=", ">=", "<=", "=", ">", "<"]).ok_or("a condition has no operator")?;
    match name {
        "kind" => known(text, &["server", "client", "producer", "consumer", "internal"]),
        "status" => known(text, &["error", "ok", "unset"]),
        "duration" => text.name().map(drop),
        _ if text.takes("nil") => Ok(()),
        _ => text.quoted(),
    }
}

fn known(text: &mut Text<'_>, words: &[&str]) -> Result<(), String> {
    let word = text.name()?;
    if words.contains(&word) { Ok(()) } else { Err(format!("there is no {word}")) }
}
