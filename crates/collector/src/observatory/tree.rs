//! The spans of a trace as a tree, whatever has arrived of it.

use std::collections::{HashMap, HashSet};

use crate::{
    ids::SpanId,
    store::{StoredSpan, Trace},
};

/// One line of the tree.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    /// 0 for roots.
    pub(crate) depth: usize,
    pub(crate) what: What<'a>,
}

#[derive(Clone, Copy)]
pub(crate) enum What<'a> {
    Span(&'a StoredSpan),
    /// Others name it as their parent, but it has not arrived.
    Pending(SpanId),
}

/// The lines of the tree, parents before children, siblings by start.
///
/// Every span comes up exactly once: those whose parent has not arrived stand under a pending line, and those that name
/// each other in a circle, which no honest sender does, come last as roots.
pub(crate) fn nodes(trace: &Trace) -> Vec<Node<'_>> {
    let arrived: HashSet<SpanId> = trace.spans.iter().map(|span| span.id).collect();
    let mut children: HashMap<SpanId, Vec<&StoredSpan>> = HashMap::new();
    let mut tops = Vec::new();
    for span in &trace.spans {
        match span.parent {
            None => tops.push(What::Span(span)),
            Some(parent) => {
                let siblings = children.entry(parent).or_default();
                if siblings.is_empty() && !arrived.contains(&parent) {
                    tops.push(What::Pending(parent));
                }
                siblings.push(span);
            }
        }
    }
    let mut seen = HashSet::new();
    let mut nodes = Vec::with_capacity(trace.spans.len());
    for top in tops {
        descend(top, &children, &mut seen, &mut nodes);
    }
    for span in &trace.spans {
        if !seen.contains(&span.id) {
            descend(What::Span(span), &children, &mut seen, &mut nodes);
        }
    }
    nodes
}

fn descend<'a>(
    top: What<'a>,
    children: &HashMap<SpanId, Vec<&'a StoredSpan>>,
    seen: &mut HashSet<SpanId>,
    nodes: &mut Vec<Node<'a>>,
) {
    let mut next = vec![Node { depth: 0, what: top }];
    while let Some(node) = next.pop() {
        if !seen.insert(node.what.id()) {
            continue;
        }
        nodes.push(node);
        let below = children.get(&node.what.id()).into_iter().flatten().rev();
        next.extend(below.map(|span| Node { depth: node.depth + 1, what: What::Span(span) }));
    }
}

impl What<'_> {
    fn id(&self) -> SpanId {
        match self {
            Self::Span(span) => span.id,
            Self::Pending(id) => *id,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use opentelemetry_proto::tonic::trace::v1::Span;

    use super::*;
    use crate::ids::TraceId;

    fn id(nth: u8) -> SpanId {
        SpanId::from_bytes(&[nth; 8]).unwrap()
    }

    fn drawn(spans: &[(u8, u8)]) -> String {
        let span = |(own, parent): &(u8, u8)| StoredSpan {
            id: id(*own),
            parent: (*parent != 0).then(|| id(*parent)),
            service: "api-service".into(),
            origin_id: 0,
            span: Span::default(),
        };
        let trace = Trace {
            id: TraceId::from_bytes(&[1; 16]).unwrap(),
            spans: spans.iter().map(span).collect(),
            partial: false,
            logs: Vec::new(),
            origins: HashMap::new(),
        };
        let line = |node: &Node<'_>| {
            let pending = if matches!(node.what, What::Pending(_)) { "?" } else { "" };
            format!("{}{}{pending}", "  ".repeat(node.depth), &node.what.id().to_string()[1..2])
        };
        nodes(&trace).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn children_stand_under_their_parents() {
        insta::assert_snapshot!(drawn(&[(1, 0), (2, 1), (3, 1), (4, 2)]), @"
        1
          2
            4
          3
        ");
    }

    #[test]
    fn a_parent_that_has_not_arrived_is_pending_once() {
        insta::assert_snapshot!(drawn(&[(2, 9), (3, 9), (1, 0)]), @"
        9?
          2
          3
        1
        ");
    }

    #[test]
    fn circles_lose_nothing() {
        insta::assert_snapshot!(drawn(&[(1, 2), (2, 1), (3, 3)]), @"
        1
          2
        3
        ");
    }
}
