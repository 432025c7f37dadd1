//! Alloy's configuration syntax, as far as configurations use it: blocks, attributes, expressions. Where a line ends is
//! part of it, as in Go.

use std::iter::Peekable;
use std::vec::IntoIter;

/// `name "label" { … }`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// With its dots: `otelcol.processor.batch`.
    pub(crate) name: String,
    pub(crate) label: Option<String>,
    pub(crate) attributes: Vec<(String, Value)>,
    pub(crate) blocks: Vec<Block>,
}

/// The right side of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(String),
    /// A name with its dots, also `true`, `false` and `null`.
    Name(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
    Call(String, Vec<Value>),
    /// What is put together by operators.
    Terms(Vec<Value>),
}

impl Value {
    /// This value and all within it.
    pub(crate) fn all(&self) -> Vec<&Value> {
        let inner: Vec<&Value> = match self {
            Self::List(values) | Self::Terms(values) | Self::Call(_, values) => values.iter().collect(),
            Self::Object(fields) => fields.iter().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        };
        std::iter::once(self).chain(inner.into_iter().flat_map(Self::all)).collect()
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(String),
    Sign(char),
    LineEnd,
}

/// Reads a whole file.
pub(crate) fn parse(text: &str) -> Result<Vec<Block>, String> {
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable() };
    let file = parser.body(None)?;
    match file.attributes.first() {
        None => Ok(file.blocks),
        Some((name, _)) => Err(format!("{name} stands outside of any block")),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let at = |what: String| format!("line {}: {what}", number + 1);
        line_tokens(line, &mut tokens).map_err(at)?;
        let ends = !matches!(
            tokens.last(),
            None | Some(Token::LineEnd | Token::Sign('{' | '[' | '(' | ',' | '=' | '+'))
        );
        if ends {
            tokens.push(Token::LineEnd);
        }
    }
    Ok(tokens)
}

fn line_tokens(line: &str, tokens: &mut Vec<Token>) -> Result<(), String> {
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            return Ok(());
        }
        let length = match first {
            'a'..='z' | 'A'..='Z' | '_' => word(rest, tokens, Token::Name),
            '0'..='9' => word(rest, tokens, Token::Number),
            '"' => quoted(rest, tokens)?,
            '{' | '}' | '[' | ']' | '(' | ')' | ',' | '=' | '+' => {
                tokens.push(Token::Sign(first));
                1
            }
            other => return Err(format!("{other:?} is no part of the syntax")),
        };
        rest = rest[length..].trim_start();
    }
    Ok(())
}

fn word(rest: &str, tokens: &mut Vec<Token>, kind: fn(String) -> Token) -> usize {
    let part_of = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let length = rest.find(|c| !part_of(c)).unwrap_or(rest.len());
    tokens.push(kind(rest[..length].to_owned()));
    length
}

fn quoted(rest: &str, tokens: &mut Vec<Token>) -> Result<usize, String> {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => {
                tokens.push(Token::Text(rest[1..index].replace("\\\"", "\"")));
                return Ok(index + 1);
            }
            _ => escaped = c == '\\' && !escaped,
        }
    }
    Err("a text without an end".to_owned())
}

struct Parser {
    tokens: Peekable<IntoIter<Token>>,
}

impl Parser {
    fn body(&mut self, end: Option<char>) -> Result<Block, String> {
        let mut block = Block::default();
        loop {
            match (self.tokens.next(), end) {
                (Some(Token::LineEnd), _) => {}
                (Some(Token::Name(name)), _) => self.statement(name, &mut block)?,
                (None, None) => return Ok(block),
                (Some(Token::Sign(sign)), Some(end)) if sign == end => return Ok(block),
                (other, _) => return Err(format!("{other:?} where a name is expected")),
            }
        }
    }

    fn statement(&mut self, name: String, block: &mut Block) -> Result<(), String> {
        if self.takes(&Token::Sign('=')) {
            let value = self.value()?;
            block.attributes.push((name, value));
        } else {
            let label = self.label();
            self.sign('{')?;
            block.blocks.push(Block { name, label, ..self.body(Some('}'))? });
        }
        match self.tokens.peek() {
            Some(Token::LineEnd | Token::Sign('}')) | None => Ok(()),
            Some(other) => Err(format!("{other:?} where a line should end")),
        }
    }

    fn label(&mut self) -> Option<String> {
        match self.tokens.next_if(|token| matches!(token, Token::Text(_))) {
            Some(Token::Text(label)) => Some(label),
            _ => None,
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        let mut terms = vec![self.term()?];
        while self.takes(&Token::Sign('+')) {
            terms.push(self.term()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Value::Terms(terms) })
    }

    fn term(&mut self) -> Result<Value, String> {
        match self.tokens.next() {
            Some(Token::Text(text)) => Ok(Value::Text(text)),
            Some(Token::Number(number)) => Ok(Value::Number(number)),
            Some(Token::Name(name)) if self.takes(&Token::Sign('(')) => {
                Ok(Value::Call(name, self.list(')', Self::value)?))
            }
            Some(Token::Name(name)) => Ok(Value::Name(name)),
            Some(Token::Sign('[')) => Ok(Value::List(self.list(']', Self::value)?)),
            Some(Token::Sign('{')) => Ok(Value::Object(self.list('}', Self::field)?)),
            other => Err(format!("{other:?} where a value is expected")),
        }
    }

    fn field(&mut self) -> Result<(String, Value), String> {
        let Some(Token::Text(name) | Token::Name(name)) = self.tokens.next() else {
            return Err("an object's field has no name".to_owned());
        };
        self.sign('=')?;
        Ok((name, self.value()?))
    }

    /// What stands between commas; the last may have one, too, and must have it where the line ends.
    fn list<T>(&mut self, end: char, item: fn(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        let mut items = Vec::new();
        while !self.takes(&Token::Sign(end)) {
            items.push(item(self)?);
            if !self.takes(&Token::Sign(',')) {
                self.sign(end)?;
                break;
            }
        }
        Ok(items)
    }

    fn takes(&mut self, token: &Token) -> bool {
        self.tokens.next_if_eq(token).is_some()
    }

    fn sign(&mut self, sign: char) -> Result<(), String> {
        match self.tokens.next() {
            Some(Token::Sign(found)) if found == sign => Ok(()),
            other => Err(format!("{other:?} where {sign:?} is expected")),
        }
    }
}
