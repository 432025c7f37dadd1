use crate::series::{Kind, Series, known};
use std::fmt::Write;

/// A query names a metric that nothing emits, or asks a metric for what it has not.
#[derive(Debug, thiserror::Error)]
#[error("nothing emits <{name}> of the query {query}")]
pub struct UnknownMetric {
    name: String,
    query: String,
}

/// Puts Prometheus' names in the place of those between angle brackets: `<muster.outbox.pending>`, and for a histogram
/// one of `<http.server.request.duration.bucket>`, `….sum`, `….count`. Where a metric may come by two names, a matcher
/// takes both.
///
/// # Errors
/// When nothing emits it.
pub fn expand(query: &str) -> Result<String, UnknownMetric> {
    let mut expanded = String::with_capacity(query.len());
    let mut rest = query;
    while let Some((before, name, after)) = placeholder(rest) {
        let unknown = || UnknownMetric { name: name.to_owned(), query: query.to_owned() };
        let names = names(name).ok_or_else(unknown)?;
        expanded.push_str(before);
        rest = select(&mut expanded, &names, after);
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// What stands before the next name, the name, and what comes after it; a comparison is none.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('<').find_map(|(start, _)| {
        let (name, after) = text[start + 1..].split_once('>')?;
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
        is_name.then(|| (&text[..start], name, after))
    })
}

fn names(name: &str) -> Option<Vec<String>> {
    if let Some(series) = known().get(name) {
        return (series.kind != Kind::Histogram).then(|| series.shown.clone());
    }
    let (histogram, part) = name.rsplit_once('.')?;
    let series: &Series = known().get(histogram)?;
    let fits = series.kind == Kind::Histogram && ["bucket", "sum", "count"].contains(&part);
    fits.then(|| series.shown.iter().map(|shown| format!("{shown}_{part}")).collect())
}

/// Writes the selector's name and gives what is left of the query.
fn select<'a>(expanded: &mut String, names: &[String], after: &'a str) -> &'a str {
    if let [name] = names {
        expanded.push_str(name);
        return after;
    }
    // Writing to a string can't fail.
    let _ = write!(expanded, "{{__name__=~\"{}\"", names.join("|"));
    if let Some(matchers) = after.strip_prefix('{') {
        expanded.push_str(", ");
        matchers
    } else {
        expanded.push('}');
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_prometheus() {
        let all = [
            "max(<muster.outbox.oldest.age>) > 60",
            "sum by (le) (rate(<http.server.request.duration.bucket>{job=\"x\"}[5m]))",
            "rate(<pg_stat_database_xact_commit>[5m])",
            "rate(<pg_stat_database_xact_commit>{datname=\"muster\"}[5m]) < 1",
            "1 < 2",
        ];
        let expanded: Vec<_> = all.iter().map(|query| expand(query).unwrap()).collect();
        insta::assert_snapshot!(expanded.join("\n"), @r#"
        max(muster_outbox_oldest_age_seconds) > 60
        sum by (le) (rate(http_server_request_duration_seconds_bucket{job="x"}[5m]))
        rate({__name__=~"pg_stat_database_xact_commit|pg_stat_database_xact_commit_total"}[5m])
        rate({__name__=~"pg_stat_database_xact_commit|pg_stat_database_xact_commit_total", datname="muster"}[5m]) < 1
        1 < 2
        "#);
    }

    #[test]
    fn what_nothing_emits_is_an_error() {
        for query in
            ["<muster.outbox.age>", "<http.server.request.duration>", "<muster.outbox.pending.bucket>"]
        {
            let name = query.trim_matches(['<', '>']);
            let error = expand(query).unwrap_err().to_string();
            assert_eq!(error, format!("nothing emits <{name}> of the query {query}"));
        }
    }
}
