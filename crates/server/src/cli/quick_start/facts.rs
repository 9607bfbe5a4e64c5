//! `quickstart.json`: what a script needs to know of the demo environment.

use std::path::Path;

use anyhow::Context;
use countersign_domain::ids::random_uuid;
use countersign_domain::ports::Entropy;
use countersign_protocol::defaults::new_secret;
use countersign_protocol::urls::Urls;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::private_file;

/// Redirect URIs of the demo applications. Registered without a port, a loopback URI matches on
/// every port; the first one is a page of the quick start itself.
pub const REDIRECT_URIS: [&str; 3] = [
    "http://localhost/quickstart/callback",
    "http://localhost/callback",
    "http://127.0.0.1/callback",
];

/// The file's content. Holds secrets; has no `Debug` for that reason.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    pub auth_url: String,
    pub api_url: String,
    pub apps_url: String,
    pub issuer: String,
    pub environment_id: Uuid,
    pub applications: Vec<Application>,
    pub users: Vec<User>,
    pub admin: Admin,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    pub name: String,
    #[serde(rename = "type")]
    pub type_: String,
    pub client_id: Uuid,
    /// `null` for public applications.
    pub client_secret: Option<String>,
    pub token_endpoint_auth_method: String,
    pub redirect_uris: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub username: String,
    pub password: String,
}

/// A worker with all administrator roles.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Admin {
    pub environment_id: Uuid,
    pub client_id: Uuid,
    pub client_secret: String,
}

impl Facts {
    /// Facts of an environment that is yet to be made.
    pub fn invent(urls: &Urls, entropy: &dyn Entropy) -> Self {
        let secret = || new_secret(entropy).expose_secret().to_owned();
        let application = |name: &str, type_: &str, method: &str| Application {
            name: name.to_owned(),
            type_: type_.to_owned(),
            client_id: random_uuid(entropy),
            client_secret: (method != "NONE").then(secret),
            token_endpoint_auth_method: method.to_owned(),
            redirect_uris: match type_ {
                "WORKER" => Vec::new(),
                _ => REDIRECT_URIS.map(str::to_owned).to_vec(),
            },
        };
        let mut facts = Self {
            auth_url: String::new(),
            api_url: String::new(),
            apps_url: String::new(),
            issuer: String::new(),
            environment_id: random_uuid(entropy),
            applications: vec![
                application("Demo web app", "WEB_APP", "CLIENT_SECRET_BASIC"),
                application("Demo single-page app", "SINGLE_PAGE_APP", "NONE"),
                application("Demo native app", "NATIVE_APP", "NONE"),
                application("Demo worker", "WORKER", "CLIENT_SECRET_BASIC"),
            ],
            users: vec![User {
                username: "demo".to_owned(),
                password: readable_password(entropy),
            }],
            admin: Admin {
                environment_id: random_uuid(entropy),
                client_id: random_uuid(entropy),
                client_secret: secret(),
            },
        };
        facts.move_to(urls);
        facts
    }

    /// The same environment under other URLs: the port may differ from start to start.
    pub fn move_to(&mut self, urls: &Urls) {
        urls.auth().clone_into(&mut self.auth_url);
        urls.api().clone_into(&mut self.api_url);
        urls.apps().clone_into(&mut self.apps_url);
        self.issuer = format!("{}/{}/as", urls.auth(), self.environment_id);
    }

    /// The first application of a type.
    pub fn application(&self, type_: &str) -> anyhow::Result<&Application> {
        let found = self.applications.iter().find(|it| it.type_ == type_);
        found.with_context(|| format!("quickstart.json has no {type_} application any more"))
    }

    /// Reads the facts of an earlier start; `None` if there was none.
    pub fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let facts = serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is damaged; --fresh begins anew with another demo environment",
                path.display()
            )
        })?;
        Ok(Some(facts))
    }

    /// Writes the file with mode 0600, replacing an older one in one step.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        private_file::replace(path, &text)
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// A password that can be typed: groups of letters and digits that are hard to confuse, with the
/// capital, the digit and the special character that the default policy wants. 64 bits.
fn readable_password(entropy: &dyn Entropy) -> String {
    const LETTERS: &[u8; 16] = b"abcdefghjkmnpqrt";
    let mut random = [0; 8];
    entropy.fill(&mut random);
    let letter = |nibble: u8| {
        let at = usize::from(nibble & 15);
        char::from(LETTERS.get(at).copied().unwrap_or(b'a'))
    };
    let mut password = String::from("Try2");
    for (at, byte) in random.iter().enumerate() {
        if at % 2 == 0 {
            password.push('-');
        }
        password.push(letter(byte >> 4));
        password.push(letter(*byte));
    }
    password
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::ports::SystemEntropy;

    fn urls(port: u16) -> Urls {
        let url = format!("http://localhost:{port}").parse().unwrap();
        Urls::new(&url, &url, &url)
    }

    fn sorted_keys(value: &Value) -> Vec<&str> {
        let mut keys: Vec<&str> = value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn the_file_has_the_promised_keys() {
        let facts = Facts::invent(&urls(9400), &SystemEntropy);
        let json = serde_json::to_value(&facts).unwrap();
        assert_eq!(
            sorted_keys(&json),
            [
                "admin",
                "apiUrl",
                "applications",
                "appsUrl",
                "authUrl",
                "environmentId",
                "issuer",
                "users"
            ]
        );
        assert_eq!(
            sorted_keys(&json["applications"][0]),
            [
                "clientId",
                "clientSecret",
                "name",
                "redirectUris",
                "tokenEndpointAuthMethod",
                "type"
            ]
        );
        assert_eq!(sorted_keys(&json["users"][0]), ["password", "username"]);
        assert_eq!(
            sorted_keys(&json["admin"]),
            ["clientId", "clientSecret", "environmentId"]
        );
    }

    #[test]
    fn facts_are_kept_and_follow_the_port() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quickstart.json");
        assert!(Facts::read(&path).unwrap().is_none());
        let facts = Facts::invent(&urls(9400), &SystemEntropy);
        facts.write(&path).unwrap();
        let mut again = Facts::read(&path).unwrap().unwrap();
        assert!(again == facts);
        again.move_to(&urls(1234));
        assert_eq!(again.environment_id, facts.environment_id);
        assert!(again.issuer.starts_with("http://localhost:1234/"));
        assert!(!private_file::is_open_to_others(&path).unwrap());
    }
}
