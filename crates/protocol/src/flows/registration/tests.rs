use serde_json::json;

use super::*;

fn read(body: Value) -> Result<Applicant, Refused> {
    let Value::Object(body) = body else { panic!() };
    let nil = uuid::Uuid::nil();
    let (id, population) = (UserId::from_uuid(nil), PopulationId::from_uuid(nil));
    Applicant::read(&body, &[], id, population, Time::EPOCH)
}

fn refusal(body: Value) -> Refusal {
    read(body).err().unwrap().refusal
}

#[test]
fn people_describe_themselves_and_decide_nothing() {
    let applicant = read(json!({
        "username": " Ada ",
        "email": "ada@example.com",
        "password": "x",
        "name": { "given": "Ada", "family": "Lovelace" },
        "nickname": "Countess",
        "enabled": false,
        "mfaEnabled": true,
        "emailVerified": true,
        "id": "00000000-0000-0000-0000-000000000009",
        "population": { "id": "00000000-0000-0000-0000-000000000009" },
        "lifecycle": { "status": "ACCOUNT_OK" },
        "identityProvider": { "id": "00000000-0000-0000-0000-000000000009" },
        "externalId": "9",
    }));
    let user = applicant.unwrap().user;
    assert_eq!(user.username, "Ada");
    assert_eq!(user.email.as_deref(), Some("ada@example.com"));
    assert_eq!(user.name.unwrap().family.as_deref(), Some("Lovelace"));
    assert!(user.enabled && !user.mfa_enabled && !user.email_verified);
    assert!(user.id.uuid().is_nil() && user.population.id.uuid().is_nil());
    assert_eq!(user.lifecycle.status, LifecycleStatus::VerificationRequired);
    assert_eq!(user.identity_provider.id, None);
    assert_eq!(user.external_id, None);
}

#[test]
fn name_and_address_are_needed_and_must_fit() {
    let email = "ada@example.com";
    for (body, expected) in [
        (json!({}), Refusal::ValueRequired("username")),
        (
            json!({ "username": "  ", "email": email }),
            Refusal::ValueRequired("username"),
        ),
        (
            json!({ "username": 1, "email": email }),
            Refusal::ValueInvalid("username"),
        ),
        (
            json!({ "username": "a\u{200b}b", "email": email }),
            Refusal::ValueInvalid("username"),
        ),
        (
            json!({ "username": "a\nb", "email": email }),
            Refusal::ValueInvalid("username"),
        ),
        (
            json!({ "username": "x".repeat(129), "email": email }),
            Refusal::ValueInvalid("username"),
        ),
        (
            json!({ "username": "ada" }),
            Refusal::ValueRequired("email"),
        ),
        (
            json!({ "username": "ada", "email": "ada" }),
            Refusal::ValueInvalid("email"),
        ),
        (
            json!({ "username": "ada", "email": email, "name": "Ada" }),
            Refusal::ValueInvalid("name.formatted"),
        ),
        (
            json!({ "username": "ada", "email": email, "password": ["x"] }),
            Refusal::ValueInvalid("password"),
        ),
    ] {
        assert_eq!(refusal(body.clone()), expected, "{body}");
    }
    assert!(read(json!({ "username": "Ælfred 🌊 李", "email": email })).is_ok());
    let long = "x".repeat(MAX_LEN + 1);
    let long = json!({ "username": "ada", "email": email, "password": long });
    assert_eq!(refusal(long), Refusal::ValueInvalid("password"));
}

#[test]
fn a_page_elsewhere_counts_only_where_the_flow_does_not_register() {
    let mut settings: Registration = serde_json::from_value(json!({ "enabled": false })).unwrap();
    assert_eq!(RegistrationOffer::of(&settings), None);
    settings.external = serde_json::from_value(json!({ "href": "https://join.example" })).unwrap();
    let elsewhere = RegistrationOffer::Elsewhere("https://join.example".to_owned());
    assert_eq!(RegistrationOffer::of(&settings), Some(elsewhere));
    settings.enabled = true;
    assert_eq!(
        RegistrationOffer::of(&settings),
        Some(RegistrationOffer::Here(None))
    );
}
