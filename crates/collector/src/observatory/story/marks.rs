//! The signs on the line of time, each told apart by its shape.

use maud::{Markup, html};

use crate::story::Mark;

/// A sign around a point, in a space of 20 by 20; coloured by the class of a service around it.
pub(super) fn shape(mark: Mark, (x, y): (usize, usize)) -> Markup {
    let path = match mark {
        Mark::Created => return circle("mark-hollow", (x, y), "6.5"),
        Mark::Joined => return circle("mark-full", (x, y), "5"),
        Mark::Left => return circle("mark-dashed", (x, y), "5.5"),
        Mark::Other => return circle("mark-full", (x, y), "3"),
        Mark::Changed => "m0 -7 7 7 -7 7 -7 -7z",
        Mark::Notice => "m0 -7.5 8 14 h-16z",
        Mark::Status => "m-6 -6 h12 v12 h-12z",
        Mark::Cancelled => "m-5.5 -5.5 11 11 m0 -11 -11 11",
    };
    let class = match mark {
        Mark::Changed | Mark::Cancelled => "mark-hollow",
        _ => "mark-full",
    };
    html! { path class=(class) d={ "M" (x) " " (y) " " (path) } {} }
}

fn circle(class: &str, (x, y): (usize, usize), radius: &str) -> Markup {
    html! { circle class=(class) cx=(x) cy=(y) r=(radius) {} }
}
