use countersign_domain::entity::Entity;

use super::super::tests::{all, env, import, ports, problems, refusal};
use super::super::{ExportOptions, export};
use super::*;

/// Something that was there once.
const GONE: &str = "dddddddd-0000-4000-8000-000000000009";

/// An environment with an application, terms, and a person who agreed to these.
fn file(consents: &str) -> String {
    format!(
        "
environments:
  - id: {env}
    name: Demo
    applications:
      - {{name: Web, type: WEB_APP, tokenEndpointAuthMethod: NONE}}
    agreements:
      - name: Terms
        languages:
          - {{locale: en, revisions: [{{effectiveAt: 2020-01-01T00:00:00Z, text: Be kind.}}]}}
    users:
      - username: ada
        population: Default
{consents}
",
        env = env()
    )
}

fn to_web(rest: &str) -> String {
    file(&format!(
        "        oauthConsents: [{{application: Web, scope: [openid], {rest}}}]"
    ))
}

fn to_terms(rest: &str) -> String {
    let last = format!("language: en, revision: 2020-01-01T00:00:00Z, {rest}");
    file(&format!(
        "        agreementConsents: [{{agreement: Terms, lastConsent: {{{last}}}}}]"
    ))
}

async fn only<E: Entity>(ports: &countersign_domain::ports::Ports) -> E {
    let mut found = all::<E>(ports).await;
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[tokio::test]
async fn of_two_consents_to_an_application_the_later_one_stands() {
    let ports = ports(1);
    let given = to_web("updatedAt: 2021-01-01T00:00:00Z");
    import(&ports, &given).await;
    let first: OauthConsent = only(&ports).await;
    assert!(first.holds());
    let revoked = to_web("status: REVOKED, updatedAt: 2021-01-02T00:00:00Z");
    assert_eq!(import(&ports, &revoked).await.changed, 1);
    // What was taken back is not given again by the file that came before.
    let again = import(&ports, &given).await;
    assert_eq!((again.created, again.changed), (0, 0));
    let last: OauthConsent = only(&ports).await;
    assert!(!last.holds());
    assert_eq!(last.id, first.id);
}

#[tokio::test]
async fn of_two_consents_to_an_agreement_the_later_one_stands() {
    let ports = ports(1);
    let given = to_terms("consentedAt: 2021-01-01T00:00:00Z");
    import(&ports, &given).await;
    // Taken back: the time is that of the consent.
    let revoked = to_terms("status: REVOKED, consentedAt: 2021-01-01T00:00:00Z");
    assert_eq!(import(&ports, &revoked).await.changed, 1);
    assert_eq!(import(&ports, &given).await.changed, 0);
    let stored: AgreementConsent = only(&ports).await;
    assert_eq!(stored.last_consent.status, ConsentStatus::Revoked);
    let anew = to_terms("consentedAt: 2021-01-02T00:00:00Z");
    assert_eq!(import(&ports, &anew).await.changed, 1);
    assert_eq!(import(&ports, &revoked).await.changed, 0);
}

#[tokio::test]
async fn a_consent_keeps_the_id_that_it_has() {
    let ports = ports(1);
    import(&ports, &to_web("updatedAt: 2021-01-01T00:00:00Z")).await;
    let first: OauthConsent = only(&ports).await;
    let other = to_web(&format!("id: {GONE}, updatedAt: 2021-01-02T00:00:00Z"));
    import(&ports, &other).await;
    let last: OauthConsent = only(&ports).await;
    assert_eq!(last.id, first.id);
    assert_ne!(last.updated_at, first.updated_at);
}

#[tokio::test]
async fn consents_to_what_is_gone_are_kept() {
    let ports = ports(1);
    let consents = format!(
        "        oauthConsents: [{{application: {GONE}, applicationName: Old, scope: []}}]
        agreementConsents:
          - agreement: {GONE}
            lastConsent: {{language: {{id: {GONE}}}, revision: {GONE}, consentedAt: 2021-01-01T00:00:00Z}}"
    );
    import(&ports, &file(&consents)).await;
    let text = export(&ports, env(), ExportOptions::default()).await;
    let text = text.unwrap().unwrap();
    assert!(text.contains("\"applicationName\": \"Old\""), "{text}");
    let again = import(&ports, &text).await;
    assert_eq!((again.created, again.changed), (0, 0));
    let without = ExportOptions {
        without_consents: true,
        ..ExportOptions::default()
    };
    let text = export(&ports, env(), without).await.unwrap().unwrap();
    assert!(
        text.contains("\"ada\"") && !text.contains("Consents\":"),
        "{text}"
    );
}

#[tokio::test]
async fn a_consent_to_what_nobody_knows_is_refused() {
    let ports = ports(1);
    for (consents, field, message) in [
        (
            "oauthConsents: [{application: Wep, scope: []}]".to_owned(),
            "oauthConsents[0].application",
            "there is no application named `Wep`",
        ),
        (
            "oauthConsents: [{scope: []}]".to_owned(),
            "oauthConsents[0].applicationName",
            "is missing; it must be text",
        ),
        (
            format!("oauthConsents: [{{application: {GONE}, scope: []}}]"),
            "oauthConsents[0]",
            "`applicationName` is missing",
        ),
        (
            "agreementConsents: [{agreement: Terms, lastConsent: {language: de, revision: 2020-01-01T00:00:00Z}}]"
                .to_owned(),
            "agreementConsents[0].lastConsent.language",
            "there is no language of the agreement named `de`",
        ),
        (
            "agreementConsents: [{agreement: Terms, lastConsent: {language: en, revision: 2020-01-02T00:00:00Z}}]"
                .to_owned(),
            "agreementConsents[0].lastConsent.revision",
            "no revision of this language took effect at 2020-01-02T00:00:00.000Z",
        ),
    ] {
        let text = file(&format!("        {consents}"));
        let problem = match super::super::parse("f", &text, super::super::Format::Yaml) {
            Ok(_) => refusal(&ports, &text).await,
            Err(mut errors) => errors.0.remove(0),
        };
        assert_eq!(problem.field, format!("environments[0].users[0].{field}"));
        assert_eq!(problem.message, message);
    }
}

#[test]
fn a_misspelt_member_is_named_before_anything_is_looked_up() {
    let found = problems(&to_web("scopes: []"));
    assert!(found[0].2.contains("did you mean `scope`?"), "{found:?}");
    let found = problems(&to_terms("consentedOn: 2021-01-01T00:00:00Z"));
    assert!(found[0].1.ends_with("lastConsent.consentedOn"), "{found:?}");
    let found = problems(&to_web("status: YES"));
    assert!(found[0].2.contains("ACCEPTED"), "{found:?}");
}
