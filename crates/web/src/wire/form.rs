//! `application/x-www-form-urlencoded` bodies and query strings.

use axum::http::header;
use countersign_protocol::as_::params::{MAX_FORM, Params};
use countersign_protocol::refusal::{Refusal, Refused};

use super::incoming::Incoming;

const FORM: &str = "application/x-www-form-urlencoded";

/// Parameters of the query.
pub fn query(incoming: &Incoming) -> Result<Params, Refused> {
    Params::parse(incoming.query.as_bytes())
}

/// Whether the body says that it is a form.
pub fn is_form(incoming: &Incoming) -> bool {
    media(incoming).eq_ignore_ascii_case(FORM)
}

/// Parameters of a form body. An empty body has none, whatever its type.
pub fn body(incoming: &Incoming) -> Result<Params, Refused> {
    body_within(incoming, MAX_FORM)
}

/// The same with another limit, in bytes.
pub fn body_within(incoming: &Incoming, max: usize) -> Result<Params, Refused> {
    Params::parse_within(encoded(incoming)?, max)
}

/// Parameters of the body and of the query together. Repeated ones are marked.
pub fn both(incoming: &Incoming) -> Result<Params, Refused> {
    let body = Params::parse_marking(encoded(incoming)?, MAX_FORM)?;
    let query = Params::parse_marking(incoming.query.as_bytes(), MAX_FORM)?;
    Ok(body.merged(query))
}

/// Parameters of the body, or where it has none those of the query. Repeated ones are marked: also
/// those that are in both. What else the query has beside a body says nothing.
pub fn posted(incoming: &Incoming) -> Result<Params, Refused> {
    let body = Params::parse_marking(encoded(incoming)?, MAX_FORM)?;
    let query = Params::parse_marking(incoming.query.as_bytes(), MAX_FORM)?;
    Ok(if body.is_empty() {
        query
    } else {
        body.beside(&query)
    })
}

/// The form in the body.
fn encoded(incoming: &Incoming) -> Result<&[u8], Refused> {
    let body = incoming.body()?;
    if body.is_empty() {
        return Ok(body);
    }
    if !is_form(incoming) {
        let shown: String = media(incoming).chars().take(100).collect();
        return Err(Refusal::UnsupportedMediaType.because(format!("Content-Type is {shown:?}")));
    }
    Ok(body)
}

/// The type of the body, without its parameters.
fn media(incoming: &Incoming) -> &str {
    let media = incoming.header(header::CONTENT_TYPE).unwrap_or_default();
    media.split(';').next().unwrap_or_default().trim()
}
