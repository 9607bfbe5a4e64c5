//! Our own words for every template, in five languages.
//!
//! A language is a row in each table here; `every_language_has_every_template` fails until it is in
//! all of them.

use countersign_domain::ids::ContentId;
use countersign_domain::notification::{
    DeliveryMethod, EmailContentType, NotificationContent, TemplateName,
};
use countersign_domain::reference::Ref;
use countersign_domain::time::Time;

/// A built-in content, with a plain text of its own.
pub struct BuiltIn {
    /// As an environment would write it.
    pub content: NotificationContent,
    /// The plain text, with variables.
    pub text: String,
}

/// One language's words for one template.
struct Words {
    language: &'static str,
    subject: &'static str,
    greeting: &'static str,
    lead: &'static str,
    note: &'static str,
}

/// The languages that mails are in without anybody's doing.
#[cfg(test)]
const LANGUAGES: [&str; 5] = ["en", "de", "fr", "es", "ja"];

const VERIFICATION: [Words; 5] = [
    Words {
        language: "en",
        subject: "Your verification code",
        greeting: "Hello ${name},",
        lead: "This code confirms your e-mail address:",
        note: "Enter it on the page that asks for it. If you did not ask for a code, ignore this \
               message.",
    },
    Words {
        language: "de",
        subject: "Ihr Bestätigungscode",
        greeting: "Guten Tag ${name},",
        lead: "dieser Code bestätigt Ihre E-Mail-Adresse:",
        note: "Geben Sie ihn auf der Seite ein, die danach fragt. Wenn Sie keinen Code angefordert \
               haben, ignorieren Sie diese Nachricht.",
    },
    Words {
        language: "fr",
        subject: "Votre code de vérification",
        greeting: "Bonjour ${name},",
        lead: "Ce code confirme votre adresse e-mail :",
        note: "Saisissez-le sur la page qui vous le demande. Si vous n’avez pas demandé de code, \
               ignorez ce message.",
    },
    Words {
        language: "es",
        subject: "Su código de verificación",
        greeting: "Hola, ${name}:",
        lead: "Este código confirma su dirección de correo electrónico:",
        note: "Introdúzcalo en la página que se lo pide. Si no ha solicitado ningún código, ignore \
               este mensaje.",
    },
    Words {
        language: "ja",
        subject: "確認コードのお知らせ",
        greeting: "${name} 様",
        lead: "メールアドレスを確認するためのコードです。",
        note: "コードを求めるページに入力してください。お心当たりのない場合は、このメールを無視してください。",
    },
];

const RECOVERY: [Words; 5] = [
    Words {
        language: "en",
        subject: "Your password recovery code",
        greeting: "Hello ${name},",
        lead: "With this code you can choose a new password:",
        note: "The code is valid for 5 minutes. If you did not ask for it, ignore this message: \
               your password stays as it is.",
    },
    Words {
        language: "de",
        subject: "Ihr Code für ein neues Passwort",
        greeting: "Guten Tag ${name},",
        lead: "mit diesem Code können Sie ein neues Passwort wählen:",
        note: "Der Code gilt 5 Minuten. Wenn Sie ihn nicht angefordert haben, ignorieren Sie diese \
               Nachricht: Ihr Passwort bleibt, wie es ist.",
    },
    Words {
        language: "fr",
        subject: "Votre code de récupération du mot de passe",
        greeting: "Bonjour ${name},",
        lead: "Ce code vous permet de choisir un nouveau mot de passe :",
        note: "Le code est valable 5 minutes. Si vous ne l’avez pas demandé, ignorez ce message : \
               votre mot de passe ne change pas.",
    },
    Words {
        language: "es",
        subject: "Su código para recuperar la contraseña",
        greeting: "Hola, ${name}:",
        lead: "Con este código puede elegir una contraseña nueva:",
        note: "El código es válido durante 5 minutos. Si no lo ha solicitado, ignore este mensaje: \
               su contraseña no cambia.",
    },
    Words {
        language: "ja",
        subject: "パスワード再設定コードのお知らせ",
        greeting: "${name} 様",
        lead: "このコードで新しいパスワードを設定できます。",
        note: "コードの有効期間は 5 分です。お心当たりのない場合は、このメールを無視してください。\
               パスワードは変更されません。",
    },
];

const fn table(template: TemplateName) -> &'static [Words; 5] {
    match template {
        TemplateName::VerificationCode => &VERIFICATION,
        TemplateName::RecoveryCode => &RECOVERY,
    }
}

/// Our words in a language, if we have them.
pub fn built_in(template: TemplateName, language: &str) -> Option<BuiltIn> {
    let mut all = table(template).iter();
    let words = all.find(|words| words.language.eq_ignore_ascii_case(language))?;
    Some(words.built_in(template))
}

/// Our words in every language that we have them in, as an environment could write them itself:
/// without the variable that is for our own words alone.
pub fn all(template: TemplateName) -> Vec<NotificationContent> {
    let all = table(template).iter();
    all.map(|words| {
        let mut content = words.built_in(template).content;
        content.body = content.body.replace("${name}", "${user.username}");
        content.charset = Some("UTF-8".to_owned());
        content
    })
    .collect()
}

/// Our words in English.
pub fn english(template: TemplateName) -> BuiltIn {
    let [first, ..] = table(template);
    first.built_in(template)
}

impl Words {
    fn built_in(&self, template: TemplateName) -> BuiltIn {
        let Self {
            language,
            subject,
            greeting,
            lead,
            note,
        } = self;
        // Mail programs know no style sheets; what they show without styles is good enough.
        let body = format!(
            "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\
             <title>{subject}</title></head>\
             <body style=\"margin:0;padding:24px;font:16px/1.5 sans-serif;color:#1a1a1a\">\
             <div style=\"max-width:480px;margin:0 auto\">\
             <p>{greeting}</p>\n<p>{lead}</p>\n\
             <p style=\"font:700 28px/1.2 monospace;letter-spacing:.15em\">${{code.value}}</p>\n\
             <p>{note}</p></div></body></html>\n"
        );
        let text = format!("{greeting}\n\n{lead}\n\n    ${{code.value}}\n\n{note}\n");
        BuiltIn {
            content: NotificationContent {
                id: ContentId::from_uuid(uuid::Uuid::nil()),
                template: Ref::to(template.id().to_owned()),
                locale: (*language).to_owned(),
                delivery_method: DeliveryMethod::Email,
                variant: None,
                subject: (*subject).to_owned(),
                body,
                email_content_type: EmailContentType::Html,
                charset: None,
                content: None,
                sender: None,
                voice: None,
                title: None,
                push_category: None,
                from: None,
                reply_to: None,
                created_at: Time::EPOCH,
                updated_at: Time::EPOCH,
            },
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_template() {
        for template in TemplateName::ALL {
            for language in LANGUAGES {
                let words = built_in(template, language).unwrap();
                assert!(words.content.body.contains("${code.value}"));
                assert!(words.text.contains("${code.value}"));
                assert!(words.content.subject.len() > 5);
                assert!(all(template).iter().all(|it| it.check().is_ok()));
            }
        }
    }
}
