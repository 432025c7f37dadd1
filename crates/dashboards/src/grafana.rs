//! Grafana's JSON for dashboards, as far as it is used here.

use crate::OtherQuery;
use crate::query::{UnknownMetric, expand};
use serde::Serialize;

/// The schema of Grafana 11 and 12; newer ones migrate it by themselves.
const SCHEMA_VERSION: u32 = 39;
const GRID_WIDTH: u32 = 24;
const ROW_HEIGHT: u32 = 8;

/// A dashboard.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dashboard {
    uid: String,
    title: String,
    description: String,
    tags: Vec<&'static str>,
    schema_version: u32,
    editable: bool,
    graph_tooltip: u32,
    refresh: &'static str,
    time: TimeRange,
    templating: Templating,
    links: Vec<Link>,
    panels: Vec<Panel>,
}

#[derive(Clone, Debug, Serialize)]
struct TimeRange {
    from: &'static str,
    to: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct Templating {
    list: Vec<Variable>,
}

/// Something that is chosen above the panels.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Variable {
    name: &'static str,
    label: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    query: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    datasource: Option<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    all_value: Option<&'static str>,
    include_all: bool,
    multi: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh: Option<u32>,
}

impl Variable {
    fn source(name: &'static str, label: &'static str, of: &str) -> Self {
        Self {
            name,
            label,
            kind: "datasource",
            query: of.to_owned(),
            datasource: None,
            all_value: None,
            include_all: false,
            multi: false,
            refresh: None,
        }
    }

    /// Which services; all of them by default.
    pub(crate) fn service() -> Result<Self, UnknownMetric> {
        Ok(Self {
            kind: "query",
            query: expand("label_values(<process.uptime>, job)")?,
            datasource: Some(METRICS),
            all_value: Some(".+"),
            include_all: true,
            multi: true,
            refresh: Some(2),
            ..Self::source("service", "Service", "")
        })
    }

    /// Whatever is typed.
    pub(crate) fn text(name: &'static str, label: &'static str) -> Self {
        Self { kind: "textbox", ..Self::source(name, label, "") }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    title: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    tags: Vec<&'static str>,
    as_dropdown: bool,
    keep_time: bool,
    include_vars: bool,
}

/// Where a query goes: the choice above the panels says to which of its kind.
#[derive(Clone, Copy, Debug, Serialize)]
struct Source {
    #[serde(rename = "type")]
    kind: &'static str,
    uid: &'static str,
}

const METRICS: Source = Source { kind: "prometheus", uid: "${metrics}" };
const LOGS: Source = Source { kind: "loki", uid: "${logs}" };
const TRACES: Source = Source { kind: "tempo", uid: "${traces}" };

/// One panel.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Panel {
    id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    description: String,
    datasource: Source,
    grid_pos: GridPos,
    field_config: FieldConfig,
    targets: Vec<Target>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct GridPos {
    x: u32,
    y: u32,
    w: u32,
    h: u32,
}

#[derive(Clone, Debug, Serialize)]
struct FieldConfig {
    defaults: Defaults,
    overrides: [(); 0],
}

#[derive(Clone, Debug, Serialize)]
struct Defaults {
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thresholds: Option<Thresholds>,
}

#[derive(Clone, Debug, Serialize)]
struct Thresholds {
    mode: &'static str,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, Serialize)]
struct Step {
    color: &'static str,
    value: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    ref_id: String,
    datasource: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    expr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legend_format: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    exemplar: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<String>,
}

/// Grafana's names for units.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Seconds,
    Share,
    PerSecond,
    Bytes,
    Count,
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Share => "percentunit",
            Self::PerSecond => "ops",
            Self::Bytes => "bytes",
            Self::Count => "short",
        }
    }
}

impl Panel {
    fn new(kind: &'static str, title: &str, unit: Unit, datasource: Source) -> Self {
        let min = matches!(kind, "timeseries").then_some(0);
        let defaults = Defaults { unit: unit.name(), min, thresholds: None };
        Self {
            id: 0,
            kind,
            title: title.to_owned(),
            description: String::new(),
            datasource,
            grid_pos: GridPos { w: 8, h: ROW_HEIGHT, ..GridPos::default() },
            field_config: FieldConfig { defaults, overrides: [] },
            targets: Vec::new(),
        }
    }

    /// Lines over time.
    pub(crate) fn lines(title: &str, unit: Unit) -> Self {
        Self::new("timeseries", title, unit, METRICS)
    }

    /// One number, with its colour.
    pub(crate) fn number(title: &str, unit: Unit) -> Self {
        let mut panel = Self::new("stat", title, unit, METRICS);
        panel.grid_pos.w = 4;
        panel.grid_pos.h = 4;
        panel
    }

    /// Log lines.
    pub(crate) fn logs(title: &str, query: &str) -> Self {
        let mut panel = Self::new("logs", title, Unit::Count, LOGS).wide();
        panel.targets.push(Target { expr: Some(query.to_owned()), ..target(0, LOGS) });
        panel
    }

    /// Traces that are found.
    pub(crate) fn traces(title: &str, query: &str) -> Self {
        let mut panel = Self::new("table", title, Unit::Count, TRACES).wide();
        let found =
            Target { query_type: Some("traceql"), query: Some(query.to_owned()), ..target(0, TRACES) };
        panel.targets.push(found);
        panel
    }

    /// As wide as the screen.
    pub(crate) fn wide(mut self) -> Self {
        self.grid_pos.w = GRID_WIDTH;
        self
    }

    /// What it tells, for whoever hovers over its title.
    pub(crate) fn tells(mut self, sentence: &str) -> Self {
        sentence.clone_into(&mut self.description);
        self
    }

    /// From where it is yellow, and from where red.
    pub(crate) fn warns(mut self, yellow: f64, red: f64) -> Self {
        let steps = vec![
            Step { color: "green", value: None },
            Step { color: "yellow", value: Some(yellow) },
            Step { color: "red", value: Some(red) },
        ];
        self.field_config.defaults.thresholds = Some(Thresholds { mode: "absolute", steps });
        self
    }

    /// Adds a query, its metrics between angle brackets.
    pub(crate) fn query(mut self, legend: &str, query: &str) -> Result<Self, UnknownMetric> {
        let expr = expand(query)?;
        let exemplar = expr.contains("_bucket");
        let legend_format = Some(legend.to_owned());
        let target =
            Target { expr: Some(expr), legend_format, exemplar, ..target(self.targets.len(), METRICS) };
        self.targets.push(target);
        Ok(self)
    }

    /// Adds the usual three percentiles of a histogram, over all that `by` doesn't name.
    pub(crate) fn percentiles(mut self, histogram: &str, matchers: &str) -> Result<Self, UnknownMetric> {
        for (share, legend) in [("0.5", "half"), ("0.95", "95 of 100"), ("0.99", "99 of 100")] {
            let of = format!("<{histogram}.bucket>{matchers}");
            self = self.query(
                legend,
                &format!("histogram_quantile({share}, sum by (le) (rate({of}[$__rate_interval])))"),
            )?;
        }
        Ok(self)
    }
}

fn target(index: usize, datasource: Source) -> Target {
    let letter = u8::try_from(index).map_or('Z', |index| char::from(b'A' + index.min(25)));
    Target {
        ref_id: letter.to_string(),
        datasource,
        expr: None,
        legend_format: None,
        exemplar: false,
        query_type: None,
        query: None,
    }
}

impl Dashboard {
    /// A dashboard with its panels from left to right and from top to bottom.
    pub(crate) fn new(name: &str, title: &str, description: &str, panels: Vec<Panel>) -> Self {
        let sources = [
            Variable::source("metrics", "Metrics", "prometheus"),
            Variable::source("logs", "Logs", "loki"),
            Variable::source("traces", "Traces", "tempo"),
        ];
        let others = Link {
            title: "Muster",
            kind: "dashboards",
            tags: vec!["muster"],
            as_dropdown: true,
            keep_time: true,
            include_vars: true,
        };
        Self {
            uid: format!("muster-{name}"),
            title: format!("Muster: {title}"),
            description: description.to_owned(),
            tags: vec!["muster"],
            schema_version: SCHEMA_VERSION,
            editable: false,
            graph_tooltip: 1,
            refresh: "1m",
            time: TimeRange { from: "now-6h", to: "now" },
            templating: Templating { list: sources.to_vec() },
            links: vec![others],
            panels: placed(panels),
        }
    }

    /// With one more choice above the panels.
    pub(crate) fn with(mut self, variable: Variable) -> Self {
        self.templating.list.push(variable);
        self
    }

    pub(crate) fn file_name(&self) -> &str {
        self.uid.trim_start_matches("muster-")
    }

    pub(crate) fn json(&self) -> String {
        // A structure of texts and numbers can always be written.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    pub(crate) fn other_queries(&self) -> Vec<OtherQuery> {
        let targets = self.panels.iter().flat_map(|panel| &panel.targets);
        let queries = targets.filter_map(|target| match target.datasource.kind {
            "loki" => target.expr.clone().map(OtherQuery::LogQl),
            "tempo" => target.query.clone().map(OtherQuery::TraceQl),
            _ => None,
        });
        queries.collect()
    }
}

/// Gives every panel its number and its place: from left to right, into the next row where one is full.
fn placed(mut panels: Vec<Panel>) -> Vec<Panel> {
    let (mut x, mut y, mut height) = (0, 0, 0);
    for (id, panel) in (1..).zip(&mut panels) {
        if x + panel.grid_pos.w > GRID_WIDTH {
            (x, y, height) = (0, y + height, 0);
        }
        panel.id = id;
        panel.grid_pos.x = x;
        panel.grid_pos.y = y;
        x += panel.grid_pos.w;
        height = height.max(panel.grid_pos.h);
    }
    panels
}
