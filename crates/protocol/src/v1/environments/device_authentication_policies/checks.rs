//! What a policy of second factors may say (`reference/platform.md` 3.17, `mfa.md` 8), beyond what its type
//! does.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::{BY_DEVICE, BY_MESSAGE};
use crate::misfit::Misfit;
use crate::refusal::Refused;
use crate::v1::body::{Check, Object};
use crate::v1::part::Part;

const SELECTIONS: [&str; 3] = [
    "DEFAULT_TO_FIRST",
    "PROMPT_TO_SELECT",
    "ALWAYS_DISPLAY_DEVICES",
];
/// What happens when an application does not prove itself.
const PROOFS: [&str; 2] = ["permissive", "restrictive"];
const NOTIFICATIONS: [&str; 3] = ["NONE", "EMAIL_THEN_SMS", "SMS_THEN_EMAIL"];

/// A unit of time, and its seconds.
type Unit = (&'static str, i64);
const SECONDS: Unit = ("SECONDS", 1);
const MINUTES: Unit = ("MINUTES", 60);
const HOURS: Unit = ("HOURS", 3_600);
const DAYS: Unit = ("DAYS", 86_400);
const SHORT: [Unit; 2] = [MINUTES, SECONDS];

/// Wrong codes until a device rests.
const FAILURES: RangeInclusive<i64> = 1..=7;

/// Seconds that are left to a person once the device has answered.
const APART: i64 = 15;

/// Judges a policy that is made or changed.
pub(super) fn check(body: &Object) -> Result<(), Refused> {
    let mut check = Check::new();
    let body = Part::body(body);
    for name in ["sms", "voice", "email", "mobile", "totp", "default"] {
        if body.get(name).is_none() {
            check.note(Misfit::required(name));
        }
    }
    for name in BY_MESSAGE.into_iter().chain(BY_DEVICE).chain(["fido2"]) {
        if let Some(method) = body.part(&mut check, name) {
            self::method(&mut check, &method);
        }
    }
    if let Some(totp) = body.part(&mut check, "totp")
        && let Some(parameters) = totp.part(&mut check, "uriParameters")
    {
        parameters.texts(&mut check);
    }
    if let Some(mobile) = body.part(&mut check, "mobile") {
        let window = mobile.part(&mut check, "otp");
        if let Some(window) = window.and_then(|it| it.part(&mut check, "window")) {
            let _ = window.needed(&mut check, "stepSize");
            duration(&mut check, &window, "stepSize", &SHORT, 1..=1_800);
        }
        for application in mobile.parts(&mut check, "applications") {
            self::application(&mut check, &application);
        }
    }
    // How long a browser is remembered.
    // Source: Ping's Terraform provider, which writes 30 minutes when it is told nothing;
    // `reference/platform.md` 3.17 has an hour.
    let remembered = body.part(&mut check, "rememberMe");
    if let Some(web) = remembered.and_then(|it| it.needed(&mut check, "web")) {
        web.switch(&mut check, "enabled");
        let _ = web.needed(&mut check, "lifeTime");
        duration(
            &mut check,
            &web,
            "lifeTime",
            &[MINUTES, HOURS, DAYS],
            60..=90 * 86_400,
        );
    }
    if let Some(notifications) = body.part(&mut check, "notificationsPolicy")
        && notifications.get("id").is_none()
    {
        check.note(Misfit::required(notifications.path_of("id")));
    }
    if let Some(selection) = body.part(&mut check, "authentication") {
        selection.choice(&mut check, "deviceSelection", &SELECTIONS);
    }
    body.choice(&mut check, "newDeviceNotification", &NOTIFICATIONS);
    check.finish()
}

/// What methods have in common. The lower ends of rests are the clients' own rules: they differ from
/// method to method, and old answers are below them.
fn method(check: &mut Check, method: &Part<'_>) {
    method.switch(check, "enabled");
    method.may_switch(check, "pairingDisabled");
    method.may_switch(check, "promptForNicknameOnPairing");
    if method.get("passcodeGracePeriod").is_some() {
        method.number(check, "passcodeGracePeriod", 1..=10);
    }
    duration(check, method, "pairingKeyLifetime", &SHORT, 1..=48 * 3_600);
    failure(check, method);
    let Some(otp) = method.part(check, "otp") else {
        return;
    };
    if otp.get("otpLength").is_some() {
        otp.number(check, "otpLength", 6..=10);
    }
    duration(check, &otp, "lifeTime", &SHORT, 1..=7_200);
    failure(check, &otp);
}

fn failure(check: &mut Check, of: &Part<'_>) {
    if let Some(failure) = of.part(check, "failure") {
        failure.number(check, "count", FAILURES);
        duration(check, &failure, "coolDown", &SHORT, 0..=1_800);
    }
}

/// A native application, to which notifications are pushed.
fn application(check: &mut Check, application: &Part<'_>) {
    if application.get("id").is_none() {
        check.note(Misfit::required(application.path_of("id")));
    }
    for name in ["push", "otp", "deviceAuthorization", "autoEnrollment"] {
        let Some(part) = application.part(check, name) else {
            continue;
        };
        part.switch(check, "enabled");
        part.may_choice(check, "extraVerification", &PROOFS);
        if let Some(matching) = part.part(check, "numberMatching") {
            matching.switch(check, "enabled");
        }
    }
    for name in ["biometricsEnabled", "pairingDisabled"] {
        application.may_switch(check, name);
    }
    application.may_choice(check, "integrityDetection", &PROOFS);
    duration(check, application, "pushTimeout", &[SECONDS], 40..=150);
    let units = [MINUTES, HOURS];
    duration(
        check,
        application,
        "pairingKeyLifetime",
        &units,
        60..=48 * 3_600,
    );
    if let Some(limit) = application.part(check, "pushLimit") {
        if limit.get("count").is_some() {
            limit.number(check, "count", 1..=50);
        }
        for name in ["lockDuration", "timePeriod"] {
            duration(check, &limit, name, &SHORT, 60..=7_200);
        }
    }
    if let Some(addresses) = application.part(check, "ipPairingConfiguration") {
        addresses.may_switch(check, "anyIPAdress");
    }
    if let Some(times) = application.part(check, "newRequestDurationConfiguration") {
        for (name, within) in [("deviceTimeout", 15..=75), ("totalTimeout", 30..=90)] {
            let _ = times.needed(check, name);
            duration(check, &times, name, &[SECONDS], within);
        }
        let seconds = |name| times.get(name)?.get("duration")?.as_i64();
        if let (Some(device), Some(total)) = (seconds("deviceTimeout"), seconds("totalTimeout")) {
            check.expect(total - device >= APART, || {
                let why = format!("must be at least {APART} seconds more than deviceTimeout");
                Misfit::constraint(times.path_of("totalTimeout.duration"), why)
            });
        }
    }
}

/// A length of time that may be absent, within so many seconds.
fn duration(
    check: &mut Check,
    of: &Part<'_>,
    name: &str,
    units: &[Unit],
    within: RangeInclusive<i64>,
) {
    let Some(time) = of.part(check, name) else {
        return;
    };
    let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
    time.choice(check, "timeUnit", &names);
    let unit = time.get("timeUnit").and_then(Value::as_str);
    if let Some((_, seconds)) = units.iter().find(|(name, _)| Some(*name) == unit) {
        let least = within
            .start()
            .div_euclid(*seconds)
            .max(i64::from(*within.start() > 0));
        time.number(check, "duration", least..=within.end() / seconds);
    }
}
