//! `response_mode=query`.

use super::{Delivery, Parameters};

/// Appends the parameters to the query; one that is there already is kept.
///
/// Spec: RFC 6749 4.1.2, 3.1.2.
pub fn deliver(redirect_uri: &str, parameters: &Parameters) -> Delivery {
    let separator = match redirect_uri.rsplit_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    Delivery::Redirect(format!(
        "{redirect_uri}{separator}{}",
        super::encode(parameters)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_that_is_there_is_kept() {
        let to = |uri| match deliver(uri, &vec![("code", "a b".into())]) {
            Delivery::Redirect(url) => url,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            to("https://rp.example/cb"),
            "https://rp.example/cb?code=a+b"
        );
        assert_eq!(
            to("https://rp.example/cb?x=1"),
            "https://rp.example/cb?x=1&code=a+b"
        );
        assert_eq!(
            to("https://rp.example/cb?"),
            "https://rp.example/cb?code=a+b"
        );
    }
}
