//! What is sent, to whom, and through whom.

use serde_json::{Map, Value, json};

use super::super::sample::{
    Member, PLAIN, Sample, like, many, number, parts, sample, text, texts, word,
};

pub fn samples() -> Vec<Sample> {
    vec![
        policies(),
        settings(),
        mail_server(),
        mail_service(),
        twilio(),
        syniverse(),
        phone_service(),
        domains(),
        addresses(),
        mail(),
        message(),
        voice(),
        push(),
    ]
}

fn policies() -> Sample {
    let quota =
        |total: u32| json!({ "type": "USER", "deliveryMethods": ["Email"], "total": total });
    let split = json!({ "type": "ENVIRONMENT", "deliveryMethods": ["SMS", "Voice"],
        "claimed": 5, "unclaimed": 1 });
    let limit =
        json!({ "type": "DENIED", "deliveryMethods": ["Voice"], "countries": ["GB", "NZ"] });
    let wait = json!({ "duration": 30, "timeUnit": "SECONDS" });
    let off = json!({ "enabled": false });
    let on = json!({ "enabled": true, "periods": [wait, wait, wait], "groupBy": "USER_ID",
        "resendLimit": 5 });
    let waits =
        |email: &Value| json!({ "email": email, "sms": off, "voice": off, "whatsApp": off });
    let chain = json!({ "conditions": [{ "deliveryMethods": ["SMS"], "countries": ["FR"],
        "fallbackChain": [{ "id": "PINGONE_TWILIO" }] }] });
    sample("/environments/{environment}/notificationsPolicies")
        .members([
            text("name", 1..=256).unique().required(),
            like(
                "quotas",
                [json!([]), json!([quota(0)]), json!([quota(50), split])],
            )
            .required()
            .not([json!([quota(1), quota(2)])])
            .not_for("OUT_OF_RANGE", json!([quota(51)])),
            like("countryLimit", [limit, json!({ "type": "NONE" })]).or(json!({ "type": "NONE" })),
            like("cooldownConfiguration", [waits(&on), waits(&off)]).or(waits(&off)),
            like("providerConfiguration", [chain]),
        ])
        .has_default()
}

fn mailbox(name: &'static str) -> Member {
    let address = like(
        "address",
        [json!("a@acme.example"), json!("b+c@acme.example")],
    )
    .required()
    .not([json!("acme"), json!("a@b\r\nBcc: c@d")]);
    parts(name, [text("name", 0..=256), address])
}

fn settings() -> Sample {
    sample("/environments/{environment}/notificationsSettings").members([
        word("deliveryMode", &["ALL"]).or(json!("ALL")),
        mailbox("from"),
        mailbox("replyTo"),
        many(
            "smsProvidersFallbackChain",
            texts(&["PINGONE_TWILIO"]),
            1..=1,
        )
        .or(json!([]))
        .not([json!(["pigeon"])]),
        like("whitelist", [json!([{ "user": { "id": "$user" } }])]),
        like(
            "restrictions",
            [json!({ "smsVoiceQuota": { "daily": 50 } })],
        ),
    ])
}

/// A password or token, told to nobody, and kept as long as it goes where it went.
fn secret(name: &'static str) -> Member {
    like(name, [json!("s3cret"), json!("x".repeat(4_096))])
        .secret()
        .kept(None)
        .not([json!(7), json!(["x"])])
        .not_for("EMPTY_VALUE", json!(""))
        .not_for("SIZE_LIMIT_EXCEEDED", json!("x".repeat(4_097)))
}

const MAIL: &str = "/environments/{environment}/notificationsSettings/emailDeliverySettings";
const PHONE: &str = "/environments/{environment}/notificationsSettings/phoneDeliverySettings";

fn mail_server() -> Sample {
    sample(MAIL)
        .kind("mail server")
        .members([
            like("protocol", [json!("SMTPS"), json!("SMTP")])
                .or(json!("SMTPS"))
                .not([json!("UUCP")]),
            like("host", [json!("mail.example"), json!("192.0.2.1")])
                .required()
                .not([json!("https://mail.example/"), json!("a b")]),
            number("port", 1..=65_535),
            text("username", 1..=256),
            secret("password"),
            mailbox("from"),
            mailbox("replyTo"),
        ])
        .tidy(|body| {
            // One goes with the other.
            body.entry("username").or_insert(json!("acme"));
            body.entry("password").or_insert(json!("given"));
        })
}

/// What a web service is asked.
fn requests(method: &str) -> [Value; 2] {
    let get = json!({ "deliveryMethod": method, "method": "GET",
        "url": "https://send.example/?to=${to}&message=${message}" });
    let post = json!({ "deliveryMethod": method, "method": "POST", "url": "https://send.example/",
        "headers": { "Content-Type": "application/json" }, "body": "{\"to\": \"${to}\", \"text\": \"${message}\"}" });
    [json!([get]), json!([post, get])]
}

/// How one proves oneself to it.
fn authentication() -> Member {
    let members = [
        word("method", &["BASIC"]).required(),
        text("username", 1..=1_024).required(),
        secret("password"),
    ];
    parts("authentication", members).required()
}

fn with_password(body: &mut Map<String, Value>) {
    if let Some(Value::Object(given)) = body.get_mut("authentication") {
        given.entry("password").or_insert(json!("given"));
    }
}

fn mail_service() -> Sample {
    let plain =
        json!([{ "deliveryMethod": "EMAIL", "method": "GET", "url": "http://send.example/" }]);
    sample(MAIL)
        .kind("web service")
        .members([
            like("protocol", [json!("HTTP")]).or_something(),
            text("name", 1..=256).required(),
            like("provider", [json!("CUSTOM_PROVIDER")]).or(json!("CUSTOM_PROVIDER")),
            authentication(),
            like("requests", requests("EMAIL"))
                .or_something()
                .target("requests.url")
                .not([plain]),
        ])
        .tidy(|body| {
            body.insert("protocol".into(), json!("HTTP"));
            let [one, _] = requests("EMAIL");
            body.entry("requests").or_insert(one);
            with_password(body);
        })
}

fn numbers() -> Member {
    let number = json!({ "number": "+15550100", "type": "PHONE_NUMBER", "capabilities": ["SMS"] });
    like("numbers", [json!([number])])
}

fn with_token(body: &mut Map<String, Value>) {
    body.entry("authToken").or_insert(json!("given"));
}

fn twilio() -> Sample {
    sample(PHONE)
        .kind("CUSTOM_TWILIO")
        .members([
            like("provider", [json!("CUSTOM_TWILIO")])
                .fixed()
                .required()
                .not([json!("PIGEON")]),
            text("sid", 1..=256).required(),
            secret("authToken"),
            numbers(),
        ])
        .read_only(&["secret"])
        .tidy(with_token)
}

fn syniverse() -> Sample {
    sample(PHONE)
        .kind("CUSTOM_SYNIVERSE")
        .members([
            like("provider", [json!("CUSTOM_SYNIVERSE")])
                .fixed()
                .required(),
            secret("authToken"),
            numbers(),
        ])
        .tidy(with_token)
}

fn phone_service() -> Sample {
    sample(PHONE)
        .kind("CUSTOM_PROVIDER")
        .members([
            like("provider", [json!("CUSTOM_PROVIDER")])
                .fixed()
                .required(),
            text("name", 1..=256).required(),
            authentication(),
            like("requests", requests("SMS")).or_something(),
            numbers(),
        ])
        .tidy(|body| {
            let [one, _] = requests("SMS");
            body.entry("requests").or_insert(one);
            with_password(body);
        })
}

fn domains() -> Sample {
    sample("/environments/{environment}/emailDomains").members([like(
        "domainName",
        [json!("round.example")],
    )
    .fixed()
    .required()
    .not([json!("round"), json!("a b.example"), json!("-a.example")])])
}

fn addresses() -> Sample {
    sample("/environments/{environment}/emailDomains/{emailDomain}/trustedEmails")
        .members([like("emailAddress", [json!("round@ground.example")])
            .fixed()
            .required()
            .not([json!("round@other.example"), json!("round")])])
        .read_only(&["status", "domainId", "domain"])
}

/// Words of a method.
fn contents(method: &'static str) -> Sample {
    sample("/environments/{environment}/templates/{template}/contents")
        .kind(method)
        .members([
            like("locale", [json!("en")]).fixed().required(),
            like("deliveryMethod", [json!(method)])
                .fixed()
                .required()
                .not([json!("Pigeon")]),
        ])
        .read_only(&["template", "default"])
}

fn variant() -> Member {
    text("variant", 1..=100).of(PLAIN)
}

fn with_variant(body: &mut Map<String, Value>) {
    body.entry("variant").or_insert(json!("round"));
}

fn mail() -> Sample {
    contents("Email")
        .members([
            text("subject", 1..=256).of(PLAIN).or_something(),
            like("body", [json!("<p>${otp}</p>"), json!("x".repeat(10_000))]),
            word("emailContentType", &["text/html", "text/plain"]).or(json!("text/html")),
            text("charset", 0..=100).or(json!("UTF-8")),
            variant(),
            mailbox("from"),
            mailbox("replyTo"),
        ])
        .tidy(|body| {
            body.entry("subject").or_insert(json!("Subject"));
            with_variant(body);
        })
}

fn message() -> Sample {
    contents("SMS")
        .members([
            like("content", [json!("Your code is ${otp}")]).or_something(),
            text("sender", 0..=11).of("abcXYZ019 "),
            // Without one they are on the ground.
            like("variant", [json!("round")]),
        ])
        .tidy(with_content)
}

fn with_content(body: &mut Map<String, Value>) {
    body.entry("content").or_insert(json!("${otp}"));
    with_variant(body);
}

fn voice() -> Sample {
    contents("Voice")
        .members([
            like("content", [json!("Your code is ${otp}")]).or_something(),
            text("voice", 0..=100).or(json!("Alice")),
            variant(),
        ])
        .tidy(with_content)
}

fn push() -> Sample {
    let buttons = &[
        "BANNER_BUTTONS",
        "WITHOUT_BANNER_BUTTONS",
        "APPROVE_AND_OPEN_APP",
    ];
    contents("Push")
        .members([
            like("title", [json!("Sign on")]).or_something(),
            like("body", [json!("Is it you?")]).or_something(),
            word("pushCategory", buttons).or(json!("BANNER_BUTTONS")),
            variant(),
        ])
        .tidy(|body| {
            body.entry("title").or_insert(json!("Title"));
            body.entry("body").or_insert(json!("Body"));
            with_variant(body);
        })
}
