//! Ratios and how far they can be trusted.

use super::load::SplitMix;

/// Times that the data is drawn anew.
const DRAWS: usize = 1_000;
/// The middle share of the draws that an interval holds.
const CONFIDENCE: f64 = 0.95;

/// A ratio with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ratio {
    pub(crate) estimate: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// What is compared of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    /// The latency that half of the requests stay below.
    Median,
    /// The latency that 99 % of the requests stay below.
    P99,
    /// The mean, which for CPU time is the time per request.
    Mean,
}

/// One side of a comparison: each measurement with the cycle that it was made in, the smallest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Side {
    sorted: Vec<(u64, usize)>,
    cycles: usize,
}

impl Side {
    /// Puts the measurements of each cycle together.
    pub(crate) fn of<'a>(cycles: impl IntoIterator<Item = (usize, &'a [u64])>) -> Self {
        let mut side = Self::default();
        for (cycle, values) in cycles {
            side.sorted.extend(values.iter().map(|value| (*value, cycle)));
            side.cycles = side.cycles.max(cycle + 1);
        }
        side.sorted.sort_unstable();
        side
    }

    /// The figure when each cycle counts as often as it was drawn.
    fn figure(&self, figure: Figure, weights: &[u64]) -> f64 {
        match figure {
            Figure::Median => self.quantile(50, weights),
            Figure::P99 => self.quantile(99, weights),
            Figure::Mean => self.mean(weights),
        }
    }

    /// The figure as it was measured.
    pub(crate) fn measured(&self, figure: Figure) -> f64 {
        self.figure(figure, &vec![1; self.cycles])
    }

    fn quantile(&self, percent: u64, weights: &[u64]) -> f64 {
        let total: u64 = self.sorted.iter().map(|(_, cycle)| weights[*cycle]).sum();
        let rank = (total * percent).div_ceil(100);
        let mut passed = 0;
        let found = self.sorted.iter().find(|(_, cycle)| {
            passed += weights[*cycle];
            passed >= rank
        });
        found.map_or(f64::NAN, |(value, _)| real(*value))
    }

    fn mean(&self, weights: &[u64]) -> f64 {
        let count: u64 = self.sorted.iter().map(|(_, cycle)| weights[*cycle]).sum();
        let sum: u64 = self.sorted.iter().map(|(value, cycle)| value * weights[*cycle]).sum();
        real(sum) / real(count)
    }
}

/// One side over the other, with the 95 % interval of a bootstrap over cycles: both sides of a cycle had the same
/// neighbours, so that they are drawn together.
pub(crate) fn ratio(above: &Side, below: &Side, figure: Figure) -> Ratio {
    let cycles = above.cycles.max(below.cycles);
    let mut chance = SplitMix(0);
    let mut drawn: Vec<f64> = std::iter::repeat_with(|| {
        let mut weights = vec![0; cycles];
        for _ in 0..cycles {
            weights[chance.below(cycles)] += 1;
        }
        above.figure(figure, &weights) / below.figure(figure, &weights)
    })
    .take(DRAWS)
    .collect();
    drawn.sort_by(f64::total_cmp);
    let outside = (1.0 - CONFIDENCE) / 2.0;
    Ratio {
        estimate: above.measured(figure) / below.measured(figure),
        low: at(&drawn, outside),
        high: at(&drawn, 1.0 - outside),
    }
}

/// The value that so large a part of the sorted values stays below.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a place among a thousand"
)]
fn at(sorted: &[f64], part: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a run stay below 2^53")]
const fn real(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(scale: u64, cycles: usize) -> Side {
        let values: Vec<Vec<u64>> = (0..cycles as u64)
            .map(|cycle| (1..=100).map(|n| (n * 1_000 + cycle) * scale).collect())
            .collect();
        Side::of(values.iter().enumerate().map(|(cycle, values)| (cycle, values.as_slice())))
    }

    #[test]
    fn quantiles_are_measurements() {
        let side = side(1, 1);
        let figures = [Figure::Median, Figure::P99, Figure::Mean].map(|figure| side.measured(figure));
        assert_eq!(format!("{figures:?}"), "[50000.0, 99000.0, 50500.0]");
    }

    #[test]
    fn twice_as_slow_is_twice() {
        for figure in [Figure::Median, Figure::P99, Figure::Mean] {
            let ratio = ratio(&side(2, 8), &side(1, 8), figure);
            assert_eq!(ratio, Ratio { estimate: 2.0, low: 2.0, high: 2.0 });
        }
    }

    #[test]
    fn cycles_that_disagree_make_the_interval_wide() {
        let (quick, slow) = ([100; 10], [200; 10]);
        let above = Side::of([(0, &quick[..]), (1, &slow[..]), (2, &quick[..]), (3, &slow[..])]);
        let below = Side::of((0..4).map(|cycle| (cycle, &quick[..])));
        let ratio = ratio(&above, &below, Figure::Mean);
        assert_eq!((ratio.estimate, ratio.low, ratio.high), (1.5, 1.0, 2.0));
    }
}
