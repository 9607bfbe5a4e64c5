//! What the quick start prints.

use std::fmt::Write;

use super::facts::Facts;

/// Path of the page where the printed link ends.
pub const CALLBACK_PATH: &str = "/quickstart/callback";

/// How text is set: with ANSI codes on a terminal, without them elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub colour: bool,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn title(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn label(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn link(self, text: &str) -> String {
        self.paint("36", text)
    }
}

/// Where the answers of the printed link go.
pub fn callback(auth_url: &str) -> String {
    format!("{auth_url}{CALLBACK_PATH}")
}

/// A word for a POSIX shell.
pub fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=,+%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The whole summary. `folder` is where the files are, `elapsed` what the start took in ms.
pub fn render(facts: &Facts, folder: &str, elapsed: u128, style: Style) -> anyhow::Result<String> {
    let mut out = String::new();
    let title = style.title("Countersign quick start");
    writeln!(out, "\n{title}  ready in {elapsed} ms\n")?;
    let discovery = format!("{}/.well-known/openid-configuration", facts.issuer);
    let mut row = |label: &str, value: &str| {
        writeln!(out, "  {}{value}", style.label(&format!("{label:<14}")))
    };
    row("Issuer", &style.link(&facts.issuer))?;
    row("Discovery", &style.link(&discovery))?;
    row("Environment", &facts.environment_id.to_string())?;
    row(
        "Files",
        &format!("{folder} (all of this is in quickstart.json)"),
    )?;
    row(
        "Mail",
        &format!("{folder}/mail and the log (codes are written there, nothing is sent)"),
    )?;

    writeln!(out, "\n{}", style.title("Applications"))?;
    for it in &facts.applications {
        let secret = it.client_secret.as_deref().unwrap_or("(public, no secret)");
        writeln!(
            out,
            "  {:<22}{}",
            it.name,
            style.label(&it.token_endpoint_auth_method)
        )?;
        writeln!(
            out,
            "    {}{}",
            style.label("client id      "),
            it.client_id
        )?;
        writeln!(out, "    {}{secret}", style.label("client secret  "))?;
        if it.type_ == "WORKER" {
            writeln!(
                out,
                "    {}manages this environment in /v1, but no custom roles",
                style.label("may            ")
            )?;
        }
    }
    writeln!(out, "\n{}", style.title("User"))?;
    for user in &facts.users {
        writeln!(
            out,
            "  {}{}\n  {}{}",
            style.label("username       "),
            user.username,
            style.label("password       "),
            user.password
        )?;
    }
    let admin = &facts.admin;
    writeln!(
        out,
        "\n{}",
        style.title("Administration (a worker that may do everything in /v1)")
    )?;
    for (label, value) in [
        (
            "issuer",
            format!("{}/{}/as", facts.auth_url, admin.environment_id),
        ),
        ("client id", admin.client_id.to_string()),
        ("client secret", admin.client_secret.clone()),
        ("API", format!("{}/v1/environments", facts.auth_url)),
    ] {
        writeln!(out, "  {}{value}", style.label(&format!("{label:<15}")))?;
    }
    writeln!(out, "\n{}", style.title("Sign on in a browser"))?;
    writeln!(out, "  {}", style.link(&sign_on_link(facts)?))?;
    writeln!(out, "\n{}", style.title("Sign on with three curls"))?;
    for command in curls(facts, folder)? {
        writeln!(out, "\n{command}")?;
    }
    writeln!(
        out,
        "\n{}",
        style
            .label("Ctrl-C stops. The next start finds everything as it was; --fresh begins anew.")
    )?;
    Ok(out)
}

/// Opens the sign-on page. For the native app: where it ends, no client secret is needed.
pub fn sign_on_link(facts: &Facts) -> anyhow::Result<String> {
    let client = facts.application("NATIVE_APP")?;
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", &client.client_id.to_string())
        .append_pair("response_type", "code")
        .append_pair("scope", "openid profile email")
        .append_pair("redirect_uri", &callback(&facts.auth_url))
        .finish();
    Ok(format!("{}/authorize?{query}", facts.issuer))
}

/// Three commands from nothing to tokens. The second makes two requests, the password and the
/// resume, on one command line.
pub fn curls(facts: &Facts, folder: &str) -> anyhow::Result<[String; 3]> {
    let client = facts.application("NATIVE_APP")?.client_id;
    let issuer = &facts.issuer;
    let flows = format!("{}/{}/flows", facts.auth_url, facts.environment_id);
    let jar = shell(&format!("{folder}/cookies.txt"));
    let (username, password) = match facts.users.first() {
        Some(user) => (user.username.as_str(), user.password.as_str()),
        None => anyhow::bail!("quickstart.json has no user any more"),
    };
    let body = serde_json::json!({"username": username, "password": password}).to_string();
    let body = shell(&body);
    Ok([
        format!(
            "FLOW=$(curl -s -c {jar} '{issuer}/authorize?client_id={client}\
             &response_type=code&response_mode=pi.flow&scope=openid%20profile%20email' \\\n  \
             | grep -o 'flowId=[0-9a-f-]*' | head -n 1 | cut -d= -f2)"
        ),
        format!(
            "CODE=$(curl -s -o /dev/null -b {jar} -c {jar} {flows}/$FLOW \\\n  \
             -H 'Content-Type: application/vnd.pingidentity.usernamePassword.check+json' \\\n  \
             -d {body} \\\n  \
             --next -s -b {jar} \"{issuer}/resume?flowId=$FLOW\" \\\n  \
             | grep -o '\"code\" *: *\"[^\"]*\"' | cut -d'\"' -f4)"
        ),
        format!(
            "curl -s {issuer}/token -d grant_type=authorization_code -d client_id={client} \\\n  \
             -d code=$CODE"
        ),
    ])
}

#[cfg(test)]
mod tests {
    use countersign_protocol::urls::Urls;

    use super::*;
    use crate::ports::SystemEntropy;

    fn facts() -> Facts {
        let url = "http://localhost:9400".parse().unwrap();
        Facts::invent(&Urls::new(&url, &url, &url), &SystemEntropy)
    }

    #[test]
    fn codes_are_for_terminals_only() {
        let render = |colour| render(&facts(), "/tmp/data", 5, Style { colour }).unwrap();
        assert!(!render(false).contains('\x1b'));
        assert!(render(true).contains("\x1b[1m"));
    }

    #[test]
    fn the_link_and_the_curls_name_the_demo() {
        let facts = facts();
        let link = sign_on_link(&facts).unwrap();
        assert!(
            link.contains("redirect_uri=http%3A%2F%2Flocalhost%3A9400%2Fquickstart%2Fcallback")
        );
        let curls = curls(&facts, "/tmp/my data").unwrap();
        assert!(curls[0].contains("response_mode=pi.flow"));
        assert!(curls[1].contains("-b '/tmp/my data/cookies.txt'"));
        assert!(curls[1].contains(&facts.users[0].password));
    }

    #[test]
    fn shell_words_are_quoted_when_they_must_be() {
        assert_eq!(shell("plain-1.0"), "plain-1.0");
        assert_eq!(shell("it's"), r"'it'\''s'");
        assert_eq!(shell(""), "''");
        assert_eq!(shell("a b"), "'a b'");
    }
}
