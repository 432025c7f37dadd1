//! What people are promised, and how fast the budget for breaking it burns: a long window says that it matters, a short
//! one that it still goes on.

use super::{Rule, Severity};
use crate::query::UnknownMetric;

/// Something that is promised for a share of all cases.
struct Objective {
    name: &'static str,
    alert: &'static str,
    /// The share of cases in which it may be broken.
    budget: f64,
    /// The share in which it was broken, with `WINDOW` for the window.
    broken: &'static str,
    summary: &'static str,
    action: &'static str,
}

const OBJECTIVES: [Objective; 3] = [
    Objective {
        name: "availability",
        alert: "MusterRequestsFail",
        budget: 0.001,
        broken: "(sum(rate(<http.server.request.duration.count>{job=\"muster/api-service\", \
                 http_response_status_code=~\"5..\"}[WINDOW])) or vector(0)) / \
                 sum(rate(<http.server.request.duration.count>{job=\"muster/api-service\"}[WINDOW]))",
        summary: "The API answers more requests with 5xx than one in a thousand",
        action: "Open the dashboard \"services\", then a failed trace: its red span says who failed.",
    },
    Objective {
        name: "interactions",
        alert: "MusterInteractionsLate",
        budget: 0.01,
        broken: "1 - sum(rate(<muster.interaction.ack.duration.bucket>{le=\"0.5\"}[WINDOW])) / \
                 sum(rate(<muster.interaction.ack.duration.count>[WINDOW]))",
        summary: "More than one in a hundred interactions is acknowledged after 500 ms; Discord gives up after 3 s",
        action: "Look at the bot's processor, its runtime and the way to Discord on the dashboards \"services\" and \
                 \"Discord's budgets\".",
    },
    Objective {
        name: "deliveries",
        alert: "MusterDeliveriesLate",
        budget: 0.001,
        broken: "1 - sum(rate(<muster.delivery.lateness.bucket>{le=~\"60(\\\\.0)?\"}[WINDOW])) / \
                 sum(rate(<muster.delivery.lateness.count>[WINDOW]))",
        summary: "More than one in a thousand notices reaches people over a minute late",
        action: "The dashboard \"schedules and deliveries\" shows where they wait: due rows, outbox, broker, or Discord.",
    },
];

/// How fast the budget of thirty days burns, over which windows.
struct Burn {
    suffix: &'static str,
    times: f64,
    long: &'static str,
    short: &'static str,
    lasts: &'static str,
    severity: Severity,
}

const BURNS: [Burn; 3] = [
    Burn { suffix: "Fast", times: 14.4, long: "1h", short: "5m", lasts: "2m", severity: Severity::Page },
    Burn { suffix: "Steadily", times: 6.0, long: "6h", short: "30m", lasts: "15m", severity: Severity::Page },
    Burn { suffix: "Slowly", times: 1.0, long: "3d", short: "6h", lasts: "1h", severity: Severity::Ticket },
];

const WINDOWS: [&str; 5] = ["5m", "30m", "1h", "6h", "3d"];

pub(super) fn rules() -> Result<Vec<Rule>, UnknownMetric> {
    let mut rules = Vec::new();
    for objective in &OBJECTIVES {
        for window in WINDOWS {
            let query = objective.broken.replace("WINDOW", window);
            rules.push(Rule::record(series(objective, window), &query)?);
        }
        for burn in &BURNS {
            rules.push(alert(objective, burn)?);
        }
    }
    Ok(rules)
}

fn series(objective: &Objective, window: &str) -> String {
    format!("muster:{}_broken:ratio_rate{window}", objective.name)
}

fn alert(objective: &Objective, burn: &Burn) -> Result<Rule, UnknownMetric> {
    // To six digits: a product such as 14.4 × 0.001 is no decimal.
    let limit = format!("{:.6}", burn.times * objective.budget);
    let limit = limit.trim_end_matches('0');
    let (long, short) = (series(objective, burn.long), series(objective, burn.short));
    let query = format!("{long} > {limit} and {short} > {limit}");
    let rule =
        Rule::alert(&format!("{}{}", objective.alert, burn.suffix), burn.severity, (burn.lasts, &query))?;
    Ok(rule.says(objective.summary, objective.action))
}
