//! Looking for a secret in everything that somebody else gets to see, however it is written there.

use std::fmt::Write as _;

/// A secret and what it is.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) what: String,
    secret: String,
}

/// A place that is searched and what it is.
pub(super) struct Place<'a> {
    pub(super) what: String,
    pub(super) bytes: &'a [u8],
}

impl Mark {
    pub(super) fn new(what: &str, secret: &str) -> Self {
        assert!(secret.len() >= 8, "{what} is too short to be told from chance");
        Self { what: what.to_owned(), secret: secret.to_owned() }
    }

    /// The ways in which it might be written: as it is, percent-encoded, in hexadecimal digits, in base64.
    fn disguises(&self) -> Vec<Vec<u8>> {
        let bytes = self.secret.as_bytes();
        let hex = digits(bytes, "");
        let (plain, url) = (0..3).map(|shift| base64(bytes, shift)).fold(
            (Vec::new(), Vec::new()),
            |(mut plain, mut url), text| {
                url.push(text.replace('+', "-").replace('/', "_"));
                plain.push(text);
                (plain, url)
            },
        );
        let percent = [digits(bytes, "%"), digits(bytes, "%").to_uppercase(), reserved(bytes)];
        let texts = [self.secret.clone(), hex.to_uppercase(), hex].into_iter().chain(percent);
        let mut all: Vec<_> = texts.chain(plain).chain(url).map(String::into_bytes).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The places where it is, in some disguise.
    pub(super) fn found_in<'a>(&self, places: &'a [Place<'a>]) -> Vec<&'a str> {
        let disguises = self.disguises();
        let has = |place: &&Place| disguises.iter().any(|disguise| contains(place.bytes, disguise));
        places.iter().filter(has).map(|place| place.what.as_str()).collect()
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let (first, rest) = wanted.split_first().unwrap();
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first) {
        from += at + 1;
        if bytes[from..].starts_with(rest) {
            return true;
        }
    }
    false
}

fn digits(bytes: &[u8], before: &str) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{before}{byte:02x}");
        text
    })
}

/// What a form or a query does with it: only what is special is encoded.
fn reserved(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
        let _ = if plain { write!(text, "{}", char::from(*byte)) } else { write!(text, "%{byte:02X}") };
        text
    })
}

/// The middle of the base64 of anything that has the bytes `shift` places after a multiple of three: without the
/// characters that its neighbours have a part in.
fn base64(bytes: &[u8], shift: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let shifted: Vec<u8> = std::iter::repeat_n(0, shift).chain(bytes.iter().copied()).collect();
    let whole = shifted.chunks_exact(3).flat_map(|three| {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        [18, 12, 6, 0].map(|at| char::from(LETTERS[usize::try_from(bits >> at & 63).unwrap()]))
    });
    whole.skip([0, 2, 3][shift]).collect()
}

#[test]
fn a_mark_is_found_in_every_disguise() {
    let mark = Mark::new("a token", "c4nary/tok+en?=42");
    let found = |text: &str| {
        let places = [Place { what: "here".to_owned(), bytes: text.as_bytes() }];
        mark.found_in(&places).len()
    };
    for (how, text) in [
        ("as it is", "before c4nary/tok+en?=42 after"),
        ("percent-encoded", "?token=c4nary%2Ftok%2Ben%3F%3D42&x"),
        ("every byte percent-encoded", "%63%34%6e%61%72%79%2f%74%6f%6b%2b%65%6e%3f%3d%34%32"),
        ("hexadecimal", "00633466 63346e6172792f746f6b2b656e3f3d3432ff"),
        ("hexadecimal in capitals", "63346E6172792F746F6B2B656E3F3D3432"),
        ("base64", "YzRuYXJ5L3Rvaytlbj89NDI="),
        ("base64 after one byte", "eGM0bmFyeS90b2srZW4/PTQy"),
        ("base64 after two bytes", "eHhjNG5hcnkvdG9rK2VuPz00Mg=="),
        ("base64 for addresses", "eGM0bmFyeS90b2srZW4_PTQy"),
    ] {
        assert_eq!(found(text), 1, "{how}: {text} of {:?}", mark.disguises());
    }
    assert_eq!(found("c4nary/tok+en?=43 YzRuYXJ6L3RvaytlbQ=="), 0, "another one is not it");
}
