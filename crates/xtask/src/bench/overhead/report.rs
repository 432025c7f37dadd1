//! What is said of the measurements: a table for people, two files for those who want to reckon anew.

use super::block::{Burst, Outcome, Results};
use super::variant::Kind;
use crate::bench::statistics::{Figure, Ratio, Side, ratio};
use std::fmt::Write as _;

/// A ratio of latencies that is small enough by itself.
const LATENCY_BAR: f64 = 1.01;
/// One that is too large whatever the noise is.
const LATENCY_LIMIT: f64 = 1.05;
/// The same for CPU time.
const CPU_BAR: f64 = 1.03;
/// What telemetry may hold in memory.
const RESIDENT_BAR_BYTES: f64 = 15e6;

/// A figure of a variant beside that of the servers without telemetry.
pub(super) struct Judgement {
    figure: &'static str,
    unit: (&'static str, f64),
    off: f64,
    variant: &'static str,
    value: f64,
    ratio: Option<Ratio>,
    /// How far twins were apart, as the larger over the smaller, at the ends of the intervals.
    noise: Option<f64>,
    bar: &'static str,
    pub(super) met: bool,
}

/// What is compared of CPU time and latencies.
#[derive(Clone, Copy)]
struct Measure {
    name: &'static str,
    figure: Figure,
    unit: (&'static str, f64),
    of: fn(&Burst) -> &[u64],
}

const MEASURES: [Measure; 3] = [
    Measure { name: "P50", figure: Figure::Median, unit: ("ms", 1e6), of: |burst| &burst.latencies },
    Measure { name: "P99", figure: Figure::P99, unit: ("ms", 1e6), of: |burst| &burst.latencies },
    Measure {
        name: "CPU per request",
        figure: Figure::Mean,
        unit: ("µs", 1e3),
        of: |burst| std::slice::from_ref(&burst.cpu),
    },
];

/// Everything that has a bar.
pub(super) fn judgements(outcome: &Outcome) -> Vec<Judgement> {
    let compared = compared(outcome);
    let times = MEASURES.iter().flat_map(|measure| {
        let noise = noise(outcome, *measure);
        compared.iter().map(move |(name, results)| judge(outcome, *measure, (name, results), noise))
    });
    let memory = compared.iter().map(|(name, results)| judge_memory(outcome, (name, results)));
    times.chain(memory).collect()
}

/// The servers with telemetry as one, and each in trouble by itself.
fn compared(outcome: &Outcome) -> Vec<(&'static str, Vec<&Results>)> {
    let troubled = outcome.results.iter().filter(|results| results.kind == Kind::Trouble);
    let troubled = troubled.map(|results| (results.name, vec![results]));
    std::iter::once(("on", of_kind(outcome, Kind::On))).chain(troubled).collect()
}

fn of_kind(outcome: &Outcome, kind: Kind) -> Vec<&Results> {
    outcome.results.iter().filter(|results| results.kind == kind).collect()
}

fn side(results: &[&Results], measure: Measure) -> Side {
    let bursts = results.iter().flat_map(|results| &results.bursts);
    Side::of(bursts.map(|burst| (burst.cycle, (measure.of)(burst))))
}

fn judge(
    outcome: &Outcome,
    measure: Measure,
    (variant, results): (&'static str, &[&Results]),
    noise: f64,
) -> Judgement {
    let (below, above) = (side(&of_kind(outcome, Kind::Off), measure), side(results, measure));
    let ratio = ratio(&above, &below, measure.figure);
    let (bar, met) = match measure.figure {
        Figure::Mean => ("≤ +3 %", ratio.estimate <= CPU_BAR),
        Figure::Median | Figure::P99 => {
            ("≤ +1 % or A/A", ratio.estimate <= LATENCY_BAR.max(noise) && ratio.estimate <= LATENCY_LIMIT)
        }
    };
    Judgement {
        figure: measure.name,
        unit: measure.unit,
        off: below.measured(measure.figure),
        variant,
        value: above.measured(measure.figure),
        ratio: Some(ratio),
        noise: Some(noise),
        bar,
        met,
    }
}

/// How far equal programs are apart: the end of a twin's interval that is furthest from 1.
fn noise(outcome: &Outcome, measure: Measure) -> f64 {
    let apart = [Kind::Off, Kind::On].into_iter().filter_map(|kind| {
        let [first, second] = of_kind(outcome, kind)[..] else { return None };
        let ratio = ratio(&side(&[second], measure), &side(&[first], measure), measure.figure);
        Some(ratio.high.max(1.0 / ratio.low))
    });
    apart.fold(1.0, f64::max)
}

fn judge_memory(outcome: &Outcome, (variant, results): (&'static str, &[&Results])) -> Judgement {
    let (off, value) = (mean_resident(&of_kind(outcome, Kind::Off)), mean_resident(results));
    Judgement {
        figure: "RSS",
        unit: ("MB", 1e6),
        off,
        variant,
        value,
        ratio: None,
        noise: None,
        bar: "≤ +15 MB",
        met: value - off <= RESIDENT_BAR_BYTES,
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes in memory stay below 2^53")]
fn mean_resident(results: &[&Results]) -> f64 {
    let all: Vec<u64> = results.iter().flat_map(|results| results.resident_bytes.iter().copied()).collect();
    all.iter().sum::<u64>() as f64 / all.len() as f64
}

/// A table of Markdown; what is too short to judge is not judged.
pub(super) fn table(outcome: &Outcome, judged: bool) -> String {
    let requests: usize = outcome.results.first().map_or(0, requests);
    let rates: Vec<_> =
        outcome.rounds.iter().map(|round| format!("{:.0} of {:.0}", round.rate, round.capacity)).collect();
    let mut text = format!(
        "\n### {}, {} % of capacity\n\n{requests} requests to each server; per second {}; ",
        outcome.scenario.as_str(),
        outcome.load_percent,
        rates.join(", ")
    );
    text += &arrived(outcome);
    text += "\n\n| figure | off | variant | its own | ratio, 95 % interval | A/A | bar | met |\n";
    text += "|---|--:|---|--:|---|--:|---|---|\n";
    for judgement in judgements(outcome) {
        text += &row(&judgement, judged);
    }
    text
}

fn requests(results: &Results) -> usize {
    results.bursts.iter().map(|burst| burst.latencies.len()).sum()
}

/// What came of the telemetry of one server.
fn arrived(outcome: &Outcome) -> String {
    let on = outcome.results.iter().find(|results| results.kind == Kind::On);
    on.map_or_else(String::new, |on| {
        let arrived = on.arrived;
        format!(
            "{} spans, {} log records, {} metrics in {} KB from one server with telemetry.",
            arrived.spans,
            arrived.logs,
            arrived.metrics,
            arrived.bytes / 1_000
        )
    })
}

fn row(judgement: &Judgement, judged: bool) -> String {
    let (unit, scale) = judgement.unit;
    let value = |value: f64| format!("{:.2} {unit}", value / scale);
    let ratio = match judgement.ratio {
        Some(Ratio { estimate, low, high }) => format!("{estimate:.3} [{low:.3}, {high:.3}]"),
        None => format!("{:+.2} {unit}", (judgement.value - judgement.off) / scale),
    };
    let noise =
        judgement.noise.map_or_else(|| "–".to_owned(), |noise| format!("±{:.1} %", (noise - 1.0) * 100.0));
    format!(
        "| {} | {} | {} | {} | {ratio} | {noise} | {} | {} |\n",
        judgement.figure,
        value(judgement.off),
        judgement.variant,
        value(judgement.value),
        judgement.bar,
        match (judged, judgement.met) {
            (false, _) => "–",
            (true, true) => "yes",
            (true, false) => "**no**",
        }
    )
}

/// One line for each burst.
pub(super) fn bursts(outcomes: &[Outcome]) -> String {
    let mut text =
        "scenario,load_percent,round,cycle,variant,requests,p50_us,p99_us,max_us,cpu_us_per_request\n"
            .to_owned();
    for outcome in outcomes {
        for results in &outcome.results {
            for burst in &results.bursts {
                let mut sorted = burst.latencies.clone();
                sorted.sort_unstable();
                let at = |percent: usize| sorted[((sorted.len() * percent).div_ceil(100)).max(1) - 1] / 1_000;
                let _ = writeln!(
                    text,
                    "{},{},{},{},{},{},{},{},{},{}",
                    outcome.scenario.as_str(),
                    outcome.load_percent,
                    burst.round,
                    burst.cycle,
                    results.name,
                    sorted.len(),
                    at(50),
                    at(99),
                    at(100),
                    burst.cpu / 1_000
                );
            }
        }
    }
    text
}

/// One line for each row of the tables.
pub(super) fn summary(outcomes: &[Outcome]) -> String {
    let mut text = "scenario,load_percent,figure,unit,off,variant,value,ratio,low,high,aa,met\n".to_owned();
    for outcome in outcomes {
        for judgement in judgements(outcome) {
            let (unit, scale) = judgement.unit;
            let ratio = judgement.ratio.map_or_else(
                || ",,".to_owned(),
                |ratio| format!("{:.4},{:.4},{:.4}", ratio.estimate, ratio.low, ratio.high),
            );
            let _ = writeln!(
                text,
                "{},{},{},{unit},{:.3},{},{:.3},{ratio},{},{}",
                outcome.scenario.as_str(),
                outcome.load_percent,
                judgement.figure,
                judgement.off / scale,
                judgement.variant,
                judgement.value / scale,
                judgement.noise.map_or_else(String::new, |noise| format!("{noise:.4}")),
                judgement.met
            );
        }
    }
    text
}
