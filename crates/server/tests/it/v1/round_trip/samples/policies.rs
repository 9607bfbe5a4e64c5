//! Policies: how people sign on, with what, and what their passwords are like.

use serde_json::{Value, json};

use super::super::sample::{
    Member, Sample, Values, flag, like, many, number, parts, refers, sample, text, word,
};

/// Numbers of PingOne have 32 bits and a sign.
const MOST: i64 = 2_147_483_647;

pub fn samples() -> Vec<Sample> {
    let mut all = vec![password_policies(), sign_on_policies()];
    all.extend(actions());
    all.extend([device_authentication_policies(), fido2_policies()]);
    all
}

fn password_policies() -> Sample {
    let classes = [
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "abcdefghijklmnopqrstuvwxyz",
        "0123456789",
        "~!@#$%^&*()-_=+[]{}|;:,.<>/?",
    ];
    let of_class = |name| number(name, 0..=1);
    let sequence = |name, least| parts(name, [number("maxLength", least..=3).required()]);
    sample("/environments/{environment}/passwordPolicies")
        .members([
            text("name", 1..=256).unique().required(),
            text("description", 0..=1_024),
            flag("excludesCommonlyUsed").required(),
            flag("excludesProfileData").required(),
            flag("notSimilarToCurrent").required(),
            parts(
                "length",
                [
                    number("min", 8..=32).or(json!(8)),
                    number("max", 255..=255).or(json!(255)),
                ],
            ),
            parts("minCharacters", classes.map(of_class)),
            number("maxRepeatedCharacters", 2..=2),
            number("minUniqueCharacters", 5..=5),
            number("minComplexity", 7..=7),
            parts(
                "history",
                [
                    number("count", 1..=MOST).required(),
                    number("retentionDays", 1..=MOST).required(),
                ],
            ),
            parts(
                "lockout",
                [
                    number("failureCount", 1..=MOST).required(),
                    number("durationSeconds", 1..=MOST).required(),
                ],
            ),
            number("minAgeDays", 1..=MOST),
            // Longer than the time of youth and of warnings.
            like("maxAgeDays", [json!(MOST)])
                .not_for("OUT_OF_RANGE", json!(0))
                .not_for("OUT_OF_RANGE", json!(MOST + 1))
                .not([json!(21)]),
            sequence("alphabetSequenceRule", 2),
            sequence("numberSequenceRule", 2),
            sequence("qwertySequenceRule", 3),
            sequence("shiftedNumberRowSequenceRule", 3),
            like("bypassPolicy", [json!(true)]).kept(None),
        ])
        .read_only(&["populationCount"])
        .has_default()
        .tidy(|body| {
            if body.get("minCharacters") == Some(&json!({})) {
                body.remove("minCharacters");
            }
            if body.get("minAgeDays").and_then(Value::as_i64) > Some(MOST - 22) {
                body.remove("maxAgeDays");
            }
        })
}

fn sign_on_policies() -> Sample {
    sample("/environments/{environment}/signOnPolicies")
        .members([
            text("name", 1..=256)
                .of("abcXYZ019_.-")
                .unique()
                .required()
                .not([
                    json!("a/b"),
                    json!("ä"),
                    json!("a:"),
                    json!("a:b c"),
                    json!("a\nb"),
                ]),
            text("description", 0..=1_024),
        ])
        .has_default()
}

fn registration() -> Member {
    parts(
        "registration",
        [
            flag("enabled").or(json!(false)),
            flag("confirmIdentityProviderAttributes").or(json!(false)),
            refers("population", "population"),
            parts(
                "external",
                [like("href", [json!("https://a.example/register")]).required()],
            ),
        ],
    )
}

fn action(type_: &'static str, members: Vec<Member>) -> Sample {
    let conditions = [
        json!({ "secondsSince": "${session.lastSignOn.withAuthenticator.pwd.at}", "greater": 60 }),
        json!({ "not": { "or": [{ "value": "${user.title}", "equals": "Boss" },
            { "contains": "${flow.request.http.remoteIp}", "ipRange": ["10.0.0.0/8"] }] } }),
    ];
    sample("/environments/{environment}/signOnPolicies/{signOnPolicy}/actions")
        .kind(type_)
        .members([
            like("type", [json!(type_)]).required(),
            number("priority", 1..=MOST).required(),
            like("condition", conditions),
        ])
        .members(members)
        .read_only(&["signOnPolicy"])
        .tidy(|body| {
            let registration = body.get_mut("registration");
            let registration = registration.and_then(Value::as_object_mut);
            let is_here = |it: &&mut serde_json::Map<_, _>| it.get("enabled") == Some(&json!(true));
            // Who registers here does not register elsewhere.
            if let Some(registration) = registration.filter(is_here) {
                registration.remove("external");
            }
        })
}

fn actions() -> Vec<Sample> {
    let off = json!({ "enabled": false });
    let unregistered = json!({ "enabled": false, "confirmIdentityProviderAttributes": false });
    let login = || {
        vec![
            parts("recovery", [flag("enabled").or(json!(false))]).or(off.clone()),
            registration().or(unregistered.clone()),
            many("socialProviders", Values::Ref("identityProvider"), 0..=1).or_something(),
            flag("enforceLockoutForIdentityProviders").or_something(),
            like("newUserProvisioning", [json!({ "gateways": [] })]).not([json!([]), json!("x")]),
        ]
    };
    let rules = |count: usize| {
        let rule = json!({ "condition": { "contains": "@a.example", "value": "${identifier}" },
            "identityProvider": { "id": "$identityProvider" } });
        json!(vec![rule; count])
    };
    let mut first = login();
    let discovery = like("discoveryRules", [rules(1), rules(100)])
        .or_something()
        .not_for("SIZE_LIMIT_EXCEEDED", rules(101));
    first.push(discovery);
    let asked = [
        json!({ "name": "title", "required": true }),
        json!({ "name": "name.given", "required": false }),
    ];
    vec![
        action("LOGIN", login()),
        action("IDENTIFIER_FIRST", first),
        action(
            "MULTI_FACTOR_AUTHENTICATION",
            vec![
                word("noDevicesMode", &["BLOCK", "BYPASS"]).or(json!("BLOCK")),
                refers("deviceAuthenticationPolicy", "deviceAuthenticationPolicy"),
            ],
        ),
        action(
            "IDENTITY_PROVIDER",
            vec![
                refers("identityProvider", "identityProvider").required(),
                text("acrValues", 1..=1_024),
                flag("passUserContext").or(json!(false)),
                registration(),
            ],
        ),
        action(
            "AGREEMENT",
            vec![
                refers("agreement", "agreement").required(),
                flag("disableDeclineOption").or(json!(false)),
            ],
        ),
        action(
            "PROGRESSIVE_PROFILING",
            vec![
                many("attributes", Values::Like(asked.to_vec()), 1..=2).required(),
                number("promptIntervalSeconds", 1..=MOST).required(),
                text("promptText", 1..=1_024).required(),
                flag("preventMultiplePromptsPerFlow").required(),
            ],
        ),
    ]
}

/// A length of time in seconds. In minutes it is looked at in `environments::mfa`.
fn duration(name: &'static str, within: std::ops::RangeInclusive<i64>) -> Member {
    parts(
        name,
        [
            number("duration", within).required(),
            like("timeUnit", [json!("SECONDS")])
                .required()
                .not([json!("YEARS")]),
        ],
    )
}

fn device_authentication_policies() -> Sample {
    let failure = |count| {
        let rest = duration("coolDown", 0..=1_800).or_something();
        parts("failure", [number("count", 1..=count).required(), rest]).or_something()
    };
    let by_message = |name| {
        let otp = [
            duration("lifeTime", 1..=7_200).or_something(),
            failure(7),
            number("otpLength", 6..=10).or(json!(6)),
        ];
        parts(
            name,
            [
                flag("enabled").required(),
                flag("pairingDisabled"),
                parts("otp", otp).or_something(),
            ],
        )
    };
    let by_device = |name| {
        let otp = [failure(7)];
        parts(
            name,
            [flag("enabled").required(), parts("otp", otp).or_something()],
        )
    };
    // An hour at least, ninety days at most.
    let units = like("timeUnit", [json!("MINUTES")])
        .required()
        .not([json!("YEARS")]);
    let life = [number("duration", 1..=129_600).required(), units];
    let remembered = [
        flag("enabled").required(),
        parts("lifeTime", life).required(),
    ];
    let mut policies = sample("/environments/{environment}/deviceAuthenticationPolicies")
        .members([
            text("name", 1..=256).unique().required(),
            by_message("sms").required(),
            by_message("voice").required(),
            by_message("email").required(),
            by_message("whatsApp"),
            by_device("mobile").required(),
            by_device("totp").required(),
            by_device("oathToken"),
            parts(
                "fido2",
                [flag("enabled").required(), flag("pairingDisabled")],
            ),
            parts(
                "authentication",
                [word(
                    "deviceSelection",
                    &[
                        "DEFAULT_TO_FIRST",
                        "PROMPT_TO_SELECT",
                        "ALWAYS_DISPLAY_DEVICES",
                    ],
                )
                .required()],
            )
            .or(json!({ "deviceSelection": "DEFAULT_TO_FIRST" })),
            word(
                "newDeviceNotification",
                &["NONE", "EMAIL_THEN_SMS", "SMS_THEN_EMAIL"],
            )
            .or(json!("EMAIL_THEN_SMS")),
            flag("ignoreUserLock"),
            like("desktop", [json!({ "enabled": true })]),
            like("yubikey", [json!({ "enabled": false })]),
            parts("rememberMe", [parts("web", remembered).required()]),
            refers("notificationsPolicy", "notificationsPolicy"),
            like("default", [json!(false)]).required(),
        ])
        .read_only(&["forSignOnPolicy"]);
    policies.has_default = true;
    policies
}

fn fido2_policies() -> Sample {
    let strength: &[&str] = &["REQUIRED", "PREFERRED", "DISCOURAGED"];
    let names = json!([{ "name": "username" }, { "name": "email" }]);
    sample("/environments/{environment}/fido2Policies")
        .members([
            text("name", 1..=256).unique().required(),
            text("description", 0..=2_048),
            word("attestationRequirements", &["NONE", "DIRECT", "ENTERPRISE"]).required(),
            word(
                "authenticatorAttachment",
                &["PLATFORM", "CROSS_PLATFORM", "BOTH"],
            )
            .required(),
            word(
                "discoverableCredentials",
                &["REQUIRED", "PREFERRED", "DISCOURAGED"],
            )
            .required(),
            parts(
                "backupEligibility",
                [
                    flag("allow").required(),
                    flag("enforceDuringAuthentication").required(),
                ],
            )
            .required(),
            text("deviceDisplayName", 1..=100).required(),
            like("eaUniqueIdentifierAttribute", [json!({ "name": "serial" })]),
            parts(
                "mdsAuthenticatorsRequirements",
                [
                    word("option", &["NONE", "AUDIT_ONLY", "GLOBAL", "CERTIFIED"]).required(),
                    flag("enforceDuringAuthentication"),
                ],
            )
            .required(),
            text("relyingPartyId", 1..=253)
                .of("abcxyz019")
                .required()
                .not([json!("A.example"), json!("https://a.example"), json!("a b")]),
            parts(
                "userDisplayNameAttributes",
                [like("attributes", [names]).required()],
            )
            .required(),
            parts(
                "userVerification",
                [
                    like("option", strength.iter().map(|it| json!(it))).required(),
                    flag("enforceDuringAuthentication").required(),
                ],
            )
            .required(),
            many(
                "publicKeyCredentialHints",
                Values::Word(&["SECURITY_KEY", "CLIENT_DEVICE", "HYBRID"]),
                1..=3,
            )
            .not([json!(["TELEPATHY"])]),
            flag("aggregateDevices"),
            parts(
                "userPresenceTimeout",
                [
                    number("duration", 1..=10).required(),
                    // First the one that the numbers are of.
                    like("timeUnit", [json!("MINUTES")])
                        .required()
                        .not([json!("DAYS")]),
                ],
            ),
        ])
        .read_only(&["deviceAuthenticationPolicies"])
        .has_default()
}
