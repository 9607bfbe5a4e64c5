//! `countersign.toml`: the keys are the flags without their dashes in front.

use std::path::Path;

use anyhow::{Context, bail};
use clap::{Args, Command};
use serde::Deserialize;

use super::nearest::nearest;
use super::raw::RawConfig;

/// The file that is read when none is named and it exists.
pub const DEFAULT: &str = "countersign.toml";

/// Reads the options of a file.
pub fn read(path: &Path) -> anyhow::Result<RawConfig> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration file {}", path.display()))?;
    parse(&text).with_context(|| format!("in {}", path.display()))
}

/// Names of all keys, taken from the flags.
pub fn keys() -> Vec<String> {
    RawConfig::augment_args(Command::new("serve"))
        .get_arguments()
        .filter_map(|argument| argument.get_long())
        .filter(|name| *name != "config")
        .map(str::to_owned)
        .collect()
}

fn parse(text: &str) -> anyhow::Result<RawConfig> {
    let table = toml::de::DeTable::parse(text).map_err(|error| explain(text, &error))?;
    let known = keys();
    for key in table.get_ref().keys() {
        let name: &str = key.get_ref();
        if known.iter().any(|known| known == name) {
            continue;
        }
        let line = line_of(text, key.span().start);
        match nearest(name, known.iter().map(String::as_str)) {
            Some(meant) => bail!("line {line}: unknown key `{name}`: did you mean `{meant}`?"),
            None => bail!(
                "line {line}: unknown key `{name}`; the keys are: {}",
                known.join(", ")
            ),
        }
    }
    RawConfig::deserialize(toml::de::Deserializer::from(table))
        .map_err(|error| explain(text, &error))
}

/// The parser's own rendering quotes the line, which may hold a secret.
fn explain(text: &str, error: &toml::de::Error) -> anyhow::Error {
    match error.span() {
        Some(span) => anyhow::anyhow!("line {}: {}", line_of(text, span.start), error.message()),
        None => anyhow::anyhow!("{}", error.message()),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or_default().split('\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_misspelt_key_is_refused_with_its_line_and_the_nearest_name() {
        let text = "# comment\nlisten = \"127.0.0.1:80\"\nauth_ulr = \"https://a\"\n";
        assert_eq!(
            refusal(text),
            "line 3: unknown key `auth_ulr`: did you mean `auth-url`?"
        );
        assert!(refusal("[frobnicators]\na = 1").contains("the keys are: listen, auth-url,"));
        assert!(refusal("config = \"x\"").contains("unknown key"));
    }

    #[test]
    fn a_wrong_type_is_refused_with_its_line_and_without_its_value() {
        let text = "\nmaster-key = [\"hunter2\"]\n";
        let refusal = refusal(text);
        assert!(refusal.starts_with("line 2: "), "{refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }

    #[test]
    fn every_flag_is_a_key() {
        let text = r#"
            listen = ["127.0.0.1:1", "[::1]:1"]
            auth-url = "https://a"
            api-url = "https://b"
            apps-url = "https://c"
            uploads-url = "https://d"
            database = "memory:"
            tls-cert = "c.pem"
            tls-key = "k.pem"
            import = "one.yaml"
            master-key = "00"
            master-key-file = "f"
            extra-ca = "ca.pem"
            trusted-proxy = "10.0.0.0/8"
            allow-private-egress = ["10.0.0.0/8"]
            admin-listen = "127.0.0.1:2"
            drain-seconds = 3
            log-format = "json"
            log = "debug"
            smtp-url = "smtp://mail.example"
            smtp-from = "no-reply@a.example"
            mail-dir = "mail"
            audit-days = 30
            api-rate = 100
            cache-mib = 16
        "#;
        let raw = parse(text).unwrap();
        assert_eq!(raw.listen.len(), 2);
        assert_eq!(raw.import.len(), 1);
        assert_eq!(raw.drain_seconds, Some(3));
        let written = text.lines().filter(|line| line.contains('=')).count();
        assert_eq!(written, keys().len());
    }

    #[test]
    fn every_key_is_in_the_operators_manual() {
        let manual = include_str!("../../../../docs/operations/configuration.md");
        for key in keys() {
            let variable = format!("COUNTERSIGN_{}", key.to_ascii_uppercase().replace('-', "_"));
            assert!(
                manual.contains(&format!("| `{key}` | `{variable}` |")),
                "{key}"
            );
        }
    }

    #[test]
    fn an_upper_layer_wins_key_by_key() {
        let file = parse("listen = [\"a\", \"b\"]\nlog = \"debug\"\nmaster-key = \"x\"").unwrap();
        let above = RawConfig {
            listen: vec!["c".to_owned()],
            master_key_file: Some("f".into()),
            ..RawConfig::default()
        };
        let merged = above.over(file);
        assert_eq!(merged.listen, ["c"]);
        assert_eq!(merged.log.as_deref(), Some("debug"));
        assert!(merged.master_key.is_none());
    }

    #[test]
    fn secrets_are_not_in_the_debug_form() {
        let raw =
            parse("master-key = \"hunter2\"\ndatabase = \"postgres://u:hunter2@h/d\"").unwrap();
        assert!(!format!("{raw:?}").contains("hunter2"));
    }
}
