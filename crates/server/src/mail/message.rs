//! A mail as RFC 5322 writes it. lettre folds and encodes headers, so that nothing a user is called
//! can begin another one.

use countersign_domain::ids::NoticeId;
use countersign_domain::notice::{Mail, Mailbox, Undelivered};
use lettre::Message;
use lettre::address::{Address, Envelope};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox as Header, MultiPart, SinglePart};

/// Writes a mail. Fails for good: what cannot be written now never can.
pub fn message(id: NoticeId, mail: &Mail, from: &Mailbox) -> Result<Message, Undelivered> {
    let to = mail
        .to
        .as_ref()
        .ok_or_else(|| never("nobody to write to"))?;
    let from = mail.from.as_ref().unwrap_or(from);
    let host = from.address.rsplit('@').next().unwrap_or("localhost");
    let (sender, recipient) = (header(from, "sender")?, header(to, "recipient")?);
    // lettre would read it from the headers, where it knows no address in quotes.
    let envelope = Envelope::new(Some(sender.email.clone()), vec![recipient.email.clone()]);
    let mut builder = Message::builder()
        .envelope(envelope.map_err(|error| never(&error.to_string()))?)
        .message_id(Some(format!("<{id}@{host}>")))
        .from(sender)
        .to(recipient)
        .subject(mail.subject.clone());
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(header(reply_to, "reply-to")?);
    }
    let text = SinglePart::plain(mail.text.clone());
    let built = match &mail.html {
        Some(html) => {
            let html = SinglePart::html(html.clone());
            builder.multipart(MultiPart::alternative().singlepart(text).singlepart(html))
        }
        None => builder.singlepart(text),
    };
    let mut message = built.map_err(|error| never(&error.to_string()))?;
    for (name, value) in [
        // RFC 3834 5: so that no holiday notice comes back.
        (
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated",
        ),
        (
            HeaderName::new_from_ascii_str("Content-Language"),
            mail.locale.as_str(),
        ),
    ] {
        message
            .headers_mut()
            .insert_raw(HeaderValue::new(name, value.to_owned()));
    }
    Ok(message)
}

fn header(mailbox: &Mailbox, what: &str) -> Result<Header, Undelivered> {
    // The address stays out of the text: texts go to the log.
    let address: Address = mailbox
        .address
        .parse()
        .map_err(|error| never(&format!("the {what}'s address is not one: {error}")))?;
    Ok(Header::new(mailbox.name.as_deref().map(one_line), address))
}

/// Without control characters: lettre refuses to write a name with a line break by panicking.
fn one_line(name: &str) -> String {
    name.replace(char::is_control, " ")
}

fn never(why: &str) -> Undelivered {
    Undelivered::Never(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(mail: &Mail) -> String {
        let from = Mailbox {
            name: Some("Shop".to_owned()),
            address: "no-reply@shop.example".to_owned(),
        };
        let id = NoticeId::from_uuid(uuid::Uuid::nil());
        String::from_utf8(message(id, mail, &from).unwrap().formatted()).unwrap()
    }

    fn mail(name: &str, subject: &str) -> Mail {
        Mail {
            to: Some(Mailbox {
                name: Some(name.to_owned()),
                address: "ada@example.com".to_owned(),
            }),
            from: None,
            reply_to: None,
            locale: "en".to_owned(),
            subject: subject.to_owned(),
            text: "Your code: ABCD2345\n".to_owned(),
            html: Some("<p>Your code: ABCD2345</p>".to_owned()),
        }
    }

    #[test]
    fn a_mail_has_both_forms_and_says_that_a_machine_wrote_it() {
        let text = written(&mail("Ada", "Your code"));
        for part in [
            "From: Shop <no-reply@shop.example>",
            "To: Ada <ada@example.com>",
            "Message-ID: <00000000-0000-0000-0000-000000000000@shop.example>",
            "Auto-Submitted: auto-generated",
            "multipart/alternative",
            "text/plain",
            "text/html",
            "ABCD2345",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn threat_04_a_name_or_subject_begins_no_header() {
        let text = written(&mail(
            "Ada\r\nBcc: eve@example.com",
            "Hi\r\nBcc: eve@example.com",
        ));
        let headers = text.split("\r\n\r\n").next().unwrap();
        assert!(
            !headers.lines().any(|line| line.starts_with("Bcc")),
            "{headers}"
        );
    }

    #[test]
    fn an_address_may_be_in_quotes() {
        let mut quoted = mail("Ada", "x");
        quoted.to = Some(Mailbox {
            name: None,
            address: "\"quoted x\"@example.com".to_owned(),
        });
        assert!(written(&quoted).contains("To: \"quoted x\"@example.com"));
    }

    #[test]
    fn an_address_that_is_none_is_given_up() {
        let mut bad = mail("Ada", "x");
        bad.to = Some(Mailbox {
            name: None,
            address: "ada@example.com>\r\nRCPT TO:<eve@example.com".to_owned(),
        });
        let from = Mailbox {
            name: None,
            address: "a@b.example".to_owned(),
        };
        let outcome = message(NoticeId::from_uuid(uuid::Uuid::nil()), &bad, &from);
        assert!(matches!(outcome, Err(Undelivered::Never(_))));
    }
}
