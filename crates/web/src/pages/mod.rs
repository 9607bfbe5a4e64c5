//! The pages people see. They work without JavaScript; styles and the few scripts are files of our
//! own, so that the content security policy allows nothing inline.

mod account_confirmation_required;
mod account_linking_required;
mod again;
mod agreement_consent_required;
pub mod assets;
mod attributes;
mod contrast;
mod dag_consent_required;
mod dag_user_code_required;
pub mod error;
pub mod form_post;
pub mod frame;
mod markup;
mod must_change_password;
mod profile_data_required;
mod providers;
mod recovery_code_required;
mod register;
mod requirements;
pub mod sign_on;
mod sign_on_required;
pub mod signed_off;
pub mod theme;
mod username_password_required;
mod verification_code_required;
mod way_back;
pub mod words;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::wire::answer;

/// What a page may load: our own style sheets, scripts and pictures, nothing else. `form-action` is
/// left open on purpose: browsers apply it to every redirect after a submission, and a sign-on
/// ends at the client's redirect URI. Every form's action is written by a template.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

/// Renders a page.
fn page(status: StatusCode, template: &impl Template) -> Response {
    let Ok(text) = template.render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = answer::html(status, text);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY_POLICY),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    /// What stands between `start` and the next quote, wherever it stands in a text.
    fn quoted(text: &str, start: &str) -> BTreeSet<String> {
        let found = text.match_indices(start).filter_map(|(at, _)| {
            let rest = &text[at + start.len()..];
            rest.split('"').next().map(str::to_owned)
        });
        found.filter(|it| !it.contains('{')).collect()
    }

    #[test]
    fn every_id_is_documented() {
        let root = env!("CARGO_MANIFEST_DIR");
        let documented = fs::read_to_string(format!("{root}/../../docs/pages.md")).unwrap();
        let mut missing = BTreeSet::new();
        for file in fs::read_dir(format!("{root}/templates")).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let fields = ["text", "code", "password", "new_password"]
                .map(|kind| quoted(&text, &format!("macros::{kind}(frame, error, \"")));
            let ids = quoted(&text, " id=\"").into_iter();
            let ids = ids.chain(fields.into_iter().flatten());
            missing.extend(ids.filter(|id| !documented.contains(&format!("`{id}`"))));
        }
        assert!(missing.is_empty(), "not in docs/pages.md: {missing:?}");
    }

    #[test]
    fn nothing_in_a_template_is_inline_or_from_elsewhere() {
        let root = env!("CARGO_MANIFEST_DIR");
        for file in fs::read_dir(format!("{root}/templates")).unwrap() {
            let path = file.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            for wrong in [
                "<style", " style=", " onclick", " onload", "<script>", "//", "|safe",
            ] {
                let allowed = wrong == "|safe" && path.ends_with("agreement_consent_required.html");
                assert!(
                    allowed || !text.contains(wrong),
                    "{wrong} in {}",
                    path.display()
                );
            }
        }
    }
}
