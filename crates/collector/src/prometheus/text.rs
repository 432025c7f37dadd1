//! The two text formats: `OpenMetrics` 1.0 and the older one of Prometheus.

use std::fmt::{self, Display, Write as _};

use http::{HeaderMap, header};

use super::{
    Families, Labels,
    family::{Family, Kind, Value},
};
use crate::store::Exemplar;

/// How `/metrics` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// With exemplars.
    OpenMetrics,
    /// Version 0.0.4.
    Plain,
}

impl Format {
    /// What a scraper asks for; the older one for who does not say.
    pub(crate) fn asked_for(headers: &HeaderMap) -> Self {
        let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let is_open = |accept: &str| {
            accept.split(',').any(|kind| kind.trim().starts_with("application/openmetrics-text"))
        };
        if accept.into_iter().any(is_open) { Self::OpenMetrics } else { Self::Plain }
    }

    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

pub(super) fn render(families: &Families, format: Format) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut text, families, format);
    text
}

fn write(text: &mut String, families: &Families, format: Format) -> fmt::Result {
    for (name, family) in &families.by_name {
        write_family(text, name, family, format)?;
    }
    if !families.targets.is_empty() {
        let (described, kind) = match format {
            Format::OpenMetrics => ("target", "info"),
            Format::Plain => ("target_info", "gauge"),
        };
        writeln!(text, "# HELP {described} What is known of a sender.\n# TYPE {described} {kind}")?;
        for (identity, (rest, _)) in &families.targets {
            let labels: Labels = identity.iter().chain(rest).cloned().collect();
            writeln!(text, "target_info{} 1", Braced(&labels, None))?;
        }
    }
    if format == Format::OpenMetrics {
        text.push_str("# EOF\n");
    }
    Ok(())
}

fn write_family(text: &mut String, name: &str, family: &Family, format: Format) -> fmt::Result {
    let (suffix, kind) = match family.kind {
        Kind::Counter => ("_total", "counter"),
        Kind::Gauge => ("", "gauge"),
        Kind::Histogram => ("", "histogram"),
        Kind::Summary => ("", "summary"),
    };
    let described = if format == Format::Plain { format!("{name}{suffix}") } else { name.to_owned() };
    let help = if family.help.is_empty() { name.replace('_', " ") } else { family.help.clone() };
    let help = help.replace('\\', "\\\\").replace('\n', "\\n");
    writeln!(text, "# HELP {described} {help}\n# TYPE {described} {kind}")?;
    for (labels, value) in &family.series {
        match family.kind {
            Kind::Counter | Kind::Gauge => {
                write!(text, "{name}{suffix}{} {}", Braced(labels, None), Float(value.number))?;
                let exemplar = value.exemplars.last().filter(|_| family.kind == Kind::Counter);
                end(text, exemplar, format)?;
            }
            Kind::Histogram => write_histogram(text, name, (labels, value), format)?,
            Kind::Summary => write_sums(text, name, labels, value)?,
        }
    }
    Ok(())
}

fn write_histogram(
    text: &mut String,
    name: &str,
    (labels, value): (&Labels, &Value),
    format: Format,
) -> fmt::Result {
    let (mut below, mut lower) = (0, f64::NEG_INFINITY);
    for (upper, count) in &value.buckets {
        below += count;
        write!(text, "{name}_bucket{} {below}", Braced(labels, Some(("le", Float(*upper)))))?;
        let within = |exemplar: &&Exemplar| exemplar.value > lower && exemplar.value <= *upper;
        end(text, value.exemplars.iter().rev().find(within), format)?;
        lower = *upper;
    }
    write_sums(text, name, labels, value)
}

fn write_sums(text: &mut String, name: &str, labels: &Labels, value: &Value) -> fmt::Result {
    writeln!(text, "{name}_sum{} {}", Braced(labels, None), Float(value.number))?;
    writeln!(text, "{name}_count{} {}", Braced(labels, None), value.count)
}

/// The end of a line, with its exemplar where there is a place for it.
fn end(text: &mut String, exemplar: Option<&Exemplar>, format: Format) -> fmt::Result {
    if let Some(exemplar) = exemplar.filter(|_| format == Format::OpenMetrics) {
        let Exemplar { trace_id, span_id, value, time_ns } = exemplar;
        write!(text, " # {{trace_id=\"{trace_id}\",span_id=\"{span_id}\"}} {}", Float(*value))?;
        write!(
            text,
            " {}.{:03}",
            time_ns.div_euclid(1_000_000_000),
            time_ns.rem_euclid(1_000_000_000) / 1_000_000
        )?;
    }
    writeln!(text)
}

/// Labels, and one more, in braces.
struct Braced<'a>(&'a Labels, Option<(&'a str, Float)>);

impl Display for Braced<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = '{';
        for (name, value) in self.0 {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            write!(f, "{before}{name}=\"{value}\"")?;
            before = ',';
        }
        if let Some((name, value)) = &self.1 {
            write!(f, "{before}{name}=\"{value}\"")?;
        }
        f.write_char('}')
    }
}

/// A number as Prometheus writes it: bounds are always written the same.
#[derive(Clone, Copy)]
struct Float(f64);

impl Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            value if value == f64::INFINITY => f.write_str("+Inf"),
            value if value == f64::NEG_INFINITY => f.write_str("-Inf"),
            value if value.is_nan() => f.write_str("NaN"),
            // `1.0` rather than `1`: bounds of OpenMetrics are written as floats.
            value => write!(f, "{value:?}"),
        }
    }
}
