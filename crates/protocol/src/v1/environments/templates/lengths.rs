//! How long the words of a method may be.
//!
//! Source: PingOne's Go SDK, TemplateContentSMS, TemplateContentPush, TemplateContentVoice.

use countersign_domain::notification::{DeliveryMethod, NotificationContent};

use crate::misfit::{Fit, Misfit};
use crate::v1::body::Check;

/// Characters of a text message, and of one with characters that GSM 7-bit has not.
const SMS: usize = 153;
const SMS_UCS2: usize = 67;
const SENDER: usize = 11;
const VOICE: usize = 1_024;
const PUSH_TITLE: usize = 200;
const PUSH_BODY: usize = 400;

/// Spec: GSM 03.38, basic table and extension.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà^{}\\[~]|€";

/// Insists on words that can be sent. What stays as it was is not judged again.
pub(super) fn check(
    check: &mut Check,
    after: &NotificationContent,
    before: Option<&NotificationContent>,
) {
    let is_new = |of: fn(&NotificationContent) -> Option<&str>| {
        let had = before.map(of);
        of(after).filter(|it| had != Some(Some(it)))
    };
    let content = is_new(|it| it.content.as_deref());
    match after.delivery_method {
        DeliveryMethod::Email => {}
        DeliveryMethod::Sms => {
            if let Some(text) = content {
                let is_gsm = |it: char| it.is_ascii_alphanumeric() || GSM.contains(it);
                let most = if text.chars().all(is_gsm) {
                    SMS
                } else {
                    SMS_UCS2
                };
                at_most(check, "content", text, most);
            }
            if let Some(sender) = is_new(|it| it.sender.as_deref()) {
                at_most(check, "sender", sender, SENDER);
                let is_plain = |it: char| it.is_alphanumeric() || it == ' ';
                check.expect(sender.chars().all(is_plain), || {
                    Misfit::invalid("sender", "must be of letters, digits and spaces")
                });
            }
        }
        DeliveryMethod::Voice => {
            if let Some(text) = content {
                at_most(check, "content", text, VOICE);
            }
        }
        DeliveryMethod::Push => {
            if let Some(title) = is_new(|it| it.title.as_deref()) {
                at_most(check, "title", title, PUSH_TITLE);
            }
            if let Some(body) = is_new(|it| Some(&it.body)) {
                at_most(check, "body", body, PUSH_BODY);
            }
        }
    }
}

fn at_most(check: &mut Check, target: &'static str, text: &str, most: usize) {
    check.expect(text.chars().count() <= most, || {
        let message = format!("must have at most {most} characters");
        Misfit::new(Fit::TooLong, target, message)
    });
}
