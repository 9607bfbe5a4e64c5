use super::*;

fn uuid(number: u8) -> uuid::Uuid {
    uuid::Uuid::from_bytes([number; 16])
}

fn days(number: i64) -> Time {
    Time::from_seconds(number * 86_400)
}

/// English with revisions that take effect on these days, and German with one on day 0.
fn texts(english: &[(i64, bool)]) -> AgreementTexts {
    let agreement = Agreement {
        id: AgreementId::from_uuid(uuid(1)),
        name: "Terms".to_owned(),
        description: None,
        enabled: true,
        reconsent_period_days: None,
        created_at: Time::EPOCH,
        updated_at: Time::EPOCH,
    };
    let language = |number, locale: &str| AgreementLanguage {
        id: AgreementLanguageId::from_uuid(uuid(number)),
        agreement: Ref::to(agreement.id),
        locale: locale.to_owned(),
        display_name: locale.to_owned(),
        enabled: true,
        user_experience: AgreementUserExperience::default(),
        created_at: Time::EPOCH,
        updated_at: Time::EPOCH,
    };
    let revision = |number: u8, language: u8, day, require_reconsent| AgreementRevision {
        id: AgreementRevisionId::from_uuid(uuid(number)),
        language: Ref::to(AgreementLanguageId::from_uuid(uuid(language))),
        content_type: ContentType::Plain,
        effective_at: days(day),
        require_reconsent,
        text: "Be kind.".to_owned(),
    };
    let numbered = english.iter().zip(100..);
    let mut revisions: Vec<_> = numbered
        .map(|((day, anew), number)| revision(number, 10, *day, *anew))
        .collect();
    revisions.push(revision(200, 11, 0, false));
    let languages = [
        language(10, "en"),
        language(11, "de"),
        language(12, "fr-CA"),
    ];
    AgreementTexts::assemble(vec![agreement.clone()], &languages, &revisions)
        .pop()
        .unwrap()
}

fn consent(language: u8, revision: u8, day: i64) -> AgreementConsent {
    AgreementConsent {
        user: Ref::to(UserId::from_uuid(uuid(9))),
        agreement: Ref::to(AgreementId::from_uuid(uuid(1))),
        last_consent: LastConsent {
            status: ConsentStatus::Accepted,
            consented_at: days(day),
            language: Ref::to(AgreementLanguageId::from_uuid(uuid(language))),
            revision: Ref::to(AgreementRevisionId::from_uuid(uuid(revision))),
        },
    }
}

#[test]
fn the_newest_revision_that_took_effect_is_shown() {
    let texts = texts(&[(5, false), (1, false)]);
    let english = texts.choose(["en"], days(4)).unwrap();
    assert_eq!(english.1.effective_at, days(1));
    let english = texts.choose(["en"], days(5)).unwrap();
    assert_eq!(english.1.effective_at, days(5));
    // Before the first of them there is German only.
    assert_eq!(
        texts.choose(["en"], days(0)).unwrap().0.language.locale,
        "de"
    );
}

#[test]
fn a_consent_outlives_a_revision_unless_that_wants_it_anew() {
    let quiet = texts(&[(0, false), (5, false)]);
    assert!(quiet.is_satisfied_by(&consent(10, 100, 1), days(9)));
    let loud = texts(&[(0, false), (5, true)]);
    assert!(loud.is_satisfied_by(&consent(10, 100, 1), days(4)));
    assert!(!loud.is_satisfied_by(&consent(10, 100, 1), days(5)));
    assert!(loud.is_satisfied_by(&consent(10, 101, 5), days(5)));
    // One in between changes nothing about that.
    let both = texts(&[(0, false), (5, true), (6, false)]);
    assert!(!both.is_satisfied_by(&consent(10, 100, 1), days(7)));
    // The other language has its own revisions.
    assert!(loud.is_satisfied_by(&consent(11, 200, 1), days(9)));
}

#[test]
fn a_consent_ends_with_its_period_its_language_and_when_it_is_taken_back() {
    let mut texts = texts(&[(0, false)]);
    texts.agreement.reconsent_period_days = Some(30);
    let given = consent(10, 100, 1);
    assert!(texts.is_satisfied_by(&given, days(30)));
    assert!(!texts.is_satisfied_by(&given, days(31)));
    let mut revoked = given.clone();
    revoked.last_consent.status = ConsentStatus::Revoked;
    assert!(!texts.is_satisfied_by(&revoked, days(2)));
    let mut other = given.clone();
    other.agreement = Ref::to(AgreementId::from_uuid(uuid(2)));
    assert!(!texts.is_satisfied_by(&other, days(2)));
    for language in &mut texts.languages {
        language.language.enabled = false;
    }
    assert!(!texts.is_satisfied_by(&given, days(2)));
}

#[test]
fn the_language_is_the_first_wish_that_there_is() {
    let mut texts = texts(&[(0, false)]);
    let mut french = texts.languages[1].revisions.clone();
    french.extend(texts.languages[0].revisions.clone());
    texts.languages[2].revisions = french;
    for (wished, locale) in [
        (vec!["de-CH", "en"], "de"),
        (vec!["fr", "en-GB"], "en"),
        (vec!["fr-ca"], "fr-CA"),
        (vec!["fr_CA", "de"], "fr-CA"),
        (vec!["ja", "en"], "en"),
        (vec!["ja"], "de"),
        (vec![], "de"),
    ] {
        let chosen = texts.choose(wished.clone(), days(1)).unwrap();
        assert_eq!(chosen.0.language.locale, locale, "{wished:?}");
    }
}
