//! The stylesheet keeps its promises: contrast of every pair of colours that meet, by WCAG 2.2 §1.4.3 (text) and §1.4.11 (marks).

#![cfg(test)]

use std::collections::BTreeMap;

const STYLESHEET: &str = include_str!("../assets/muster.css");
const TEXT: f64 = 4.5;
const MARKS: f64 = 3.0;
/// Distance in the sRGB cube, whose edge is 1.
const APART: f64 = 0.14;

type Colour = (f64, f64, f64);

/// Each token's colour in light and in dark.
fn tokens() -> BTreeMap<&'static str, [Colour; 2]> {
    let declared = STYLESHEET.lines().filter_map(|line| line.trim().split_once(": light-dark("));
    declared
        .map(|(name, rest)| {
            let (light, dark) = rest.trim_end_matches(");").split_once(", ").unwrap();
            (name, [parse(light), parse(dark)])
        })
        .collect()
}

fn parse(hex: &str) -> Colour {
    let part = |from: usize| f64::from(u8::from_str_radix(&hex[from..from + 2], 16).unwrap()) / 255.0;
    (part(1), part(3), part(5))
}

/// From sRGB to amounts of light.
fn linear(c: f64) -> f64 {
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

/// And back.
fn encoded(c: f64) -> f64 {
    if c <= 0.003_130_8 { c * 12.92 } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 }
}

fn luminance((r, g, b): Colour) -> f64 {
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

fn contrast(a: Colour, b: Colour) -> f64 {
    let (high, low) = (luminance(a).max(luminance(b)), luminance(a).min(luminance(b)));
    (high + 0.05) / (low + 0.05)
}

fn assert_contrast(pairs: &[(&str, &str)], wanted: f64) {
    let tokens = tokens();
    for (front, back) in pairs {
        for (index, theme) in ["light", "dark"].into_iter().enumerate() {
            let found = contrast(tokens[front][index], tokens[back][index]);
            assert!(found >= wanted, "{front} on {back} in {theme}: {found:.2} < {wanted}");
        }
    }
}

#[test]
fn text_can_be_read() {
    let grounds = ["--ground", "--surface", "--sunken"];
    for ground in grounds {
        assert_contrast(&[("--text", ground), ("--muted", ground), ("--accent", ground)], TEXT);
    }
    assert_contrast(
        &[
            ("--on-accent", "--accent"),
            ("--on-accent", "--accent-strong"),
            ("--accent-strong", "--accent-soft"),
            ("--on-good", "--good"),
            ("--good", "--good-soft"),
            ("--warn", "--warn-soft"),
            ("--bad", "--bad-soft"),
            ("--bad", "--surface"),
            ("--bad", "--ground"),
        ],
        TEXT,
    );
}

#[test]
fn marks_can_be_seen() {
    for service in ["--svc-api", "--svc-bot", "--svc-notification", "--svc-status", "--svc-collector"] {
        assert_contrast(&[(service, "--surface"), (service, "--sunken")], MARKS);
        // The service's tag is written in the ground's colour.
        assert_contrast(&[("--ground", service)], TEXT - 0.5);
    }
    for status in ["--good", "--warn", "--bad", "--edge"] {
        assert_contrast(&[(status, "--surface"), (status, "--ground")], MARKS);
    }
}

/// Machado, Oliveira and Fernandes 2009, severity 1: protanopia, deuteranopia, tritanopia on linear RGB.
const COLOUR_BLINDNESS: [[[f64; 3]; 3]; 3] = [
    [
        [0.152_286, 1.052_583, -0.204_868],
        [0.114_503, 0.786_281, 0.099_216],
        [-0.003_882, -0.048_116, 1.051_998],
    ],
    [
        [0.367_322, 0.860_646, -0.227_968],
        [0.280_085, 0.672_501, 0.047_413],
        [-0.011_820, 0.042_940, 0.968_881],
    ],
    [
        [1.255_528, -0.076_749, -0.178_779],
        [-0.078_411, 0.930_809, 0.147_602],
        [0.004_733, 0.691_367, 0.303_900],
    ],
];

fn seen_by(matrix: &[[f64; 3]; 3], (r, g, b): Colour) -> Colour {
    let light = [linear(r), linear(g), linear(b)];
    let row = |row: &[f64; 3]| {
        encoded(row.iter().zip(light).map(|(share, light)| share * light).sum::<f64>().clamp(0.0, 1.0))
    };
    (row(&matrix[0]), row(&matrix[1]), row(&matrix[2]))
}

fn distance(a: Colour, b: Colour) -> f64 {
    ((a.0 - b.0).powi(2) + (a.1 - b.1).powi(2) + (a.2 - b.2).powi(2)).sqrt()
}

#[test]
fn services_stay_apart_for_the_colour_blind() {
    let tokens = tokens();
    let services = ["--svc-api", "--svc-bot", "--svc-notification", "--svc-status", "--svc-collector"];
    for matrix in &COLOUR_BLINDNESS {
        for (index, one) in services.iter().enumerate() {
            for other in &services[index + 1..] {
                for (a, b) in tokens[one].into_iter().zip(tokens[other]) {
                    let apart = distance(seen_by(matrix, a), seen_by(matrix, b));
                    assert!(apart >= APART, "{one} and {other}: {apart:.2}");
                }
            }
        }
    }
}
