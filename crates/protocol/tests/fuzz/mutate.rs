//! Inputs: seeds of a corpus, changed in a few places; and arbitrary claims.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

/// One change of a text.
#[derive(Debug, Clone)]
pub enum Edit {
    Replace(usize, u8),
    Insert(usize, &'static str),
    Delete(usize, usize),
    Repeat(usize, usize),
    Flip(usize, u8),
}

/// What means something to one parser or another.
const WORDS: &[&str] = &[
    "&",
    "=",
    "%",
    "%00",
    "%0a",
    "%2e%2e",
    "%ff",
    "+",
    " ",
    "\0",
    "\n",
    "\t",
    "#",
    "?",
    "/",
    "\\",
    "//",
    "@",
    ":",
    ";",
    ".",
    "..",
    "*",
    "[",
    "]",
    "\"",
    "<script>",
    "none",
    "NoNe",
    "alg",
    "eyJhbGciOiJub25lIn0",
    "e30",
    "AA",
    "==",
    "-",
    "_",
    "\u{e9}",
    "\u{202e}",
    "client_id=",
    "redirect_uri=",
    "request=",
    "request_uri=",
    "response_mode=pi.flow",
    "response_type=token",
    "prompt=none",
    "urn:ietf:params:oauth:request_uri:",
    "https://evil.example/",
    "javascript:",
    "Basic ",
    "basic  ",
    "Bearer ",
];

pub fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let at = || any::<usize>();
    let edit = prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        (at(), prop::sample::select(WORDS)).prop_map(|(at, word)| Edit::Insert(at, word)),
        (at(), 1..40usize).prop_map(|(at, many)| Edit::Delete(at, many)),
        (at(), 1..40usize).prop_map(|(at, many)| Edit::Repeat(at, many)),
        (at(), 0..8u8).prop_map(|(at, bit)| Edit::Flip(at, bit)),
    ];
    prop::collection::vec(edit, 1..6)
}

/// Applies changes; places are counted around the end.
pub fn apply(text: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for edit in edits {
        let place = |at: usize| at % (bytes.len() + 1);
        match *edit {
            Edit::Insert(at, word) => {
                let at = place(at);
                bytes.splice(at..at, word.bytes());
            }
            Edit::Delete(at, many) => {
                let at = place(at);
                let end = (at + many).min(bytes.len());
                bytes.drain(at..end);
            }
            Edit::Repeat(at, many) => {
                let at = place(at);
                let end = (at + many).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            Edit::Replace(at, byte) if !bytes.is_empty() => {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            Edit::Flip(at, bit) if !bytes.is_empty() => {
                let at = at % bytes.len();
                bytes[at] ^= 1 << bit;
            }
            Edit::Replace(..) | Edit::Flip(..) => {}
        }
    }
    bytes
}

/// A line of a corpus with changes, or noise.
pub fn mutated(corpus: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let seeds: Vec<&'static str> = corpus.lines().filter(|it| !it.is_empty()).collect();
    let seed = prop::sample::select(seeds);
    prop_oneof![
        1 => seed.clone().prop_map(|it| it.as_bytes().to_vec()),
        8 => (seed, edits()).prop_map(|(it, edits)| apply(it.as_bytes(), &edits)),
        1 => prop::collection::vec(any::<u8>(), 0..300),
    ]
}

/// Names that mean something, with any values.
pub fn claims() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    const NAMES: &[&str] = &[
        "iss",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "sub",
        "client_id",
        "response_type",
        "response_mode",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "prompt",
        "max_age",
        "acr_values",
        "login_hint",
        "login_hint_token",
        "id_token_hint",
        "request",
        "request_uri",
        "code_challenge",
        "code_challenge_method",
        "ui_locales",
        "claims",
        "pi.template",
        "pi.clientContext",
        "pi.remoteIp",
        "pi.x",
        "",
    ];
    const TEXTS: &[&str] = &[
        "",
        "code",
        "token id_token",
        "query",
        "pi.flow",
        "form_post",
        "openid",
        "openid profile",
        "none",
        "login",
        "https://client.example/callback",
        "https://client.example/callback#x",
        "https://evil.example/",
        "http://127.0.0.1:99/cb",
        "https://wild.example/abc/b",
        "https://wild.example/a/../b",
        "S256",
        "plain",
        "10.0.0.1",
        "user0",
        "\u{0}",
        "\u{fffd}",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        super::world::WEB,
        super::world::ISSUER,
    ];
    let leaf = prop_oneof![
        6 => prop::sample::select(TEXTS).prop_map(|text| json!(text)),
        1 => any::<i64>().prop_map(|number| json!(number)),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(|yes| json!(yes)),
        1 => ".{0,40}".prop_map(|text| json!(text)),
        1 => Just(Value::Null),
    ];
    let value = leaf.prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map("[a-z.]{0,8}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    });
    prop::collection::vec((prop::sample::select(NAMES), value), 0..12)
}

/// Basic credentials as RFC 6749 2.3.1 has them, decoded by the URL standard's form decoder.
pub fn reference_basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    // There may be several spaces.
    let encoded = encoded.trim_start_matches(' ');
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let once = |text: &str| {
        let escaped = text.replace('&', "%26").replace('=', "%3D");
        let (name, _) = form_urlencoded::parse(escaped.as_bytes()).next()?;
        Some(name.into_owned())
    };
    Some((once(id)?, once(secret)?))
}
