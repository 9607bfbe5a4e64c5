//! The users of an environment as lines that a mass import reads, page by page.

use countersign_domain::entity::{Entity, load};
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Ports;
use countersign_domain::store::{Cursor, Fault, Query};
use countersign_domain::user::{Credential, User};
use serde_json::{Map, Value, json};

use crate::groups;

/// Users of one page.
const PAGE: u32 = 1_000;

/// Some lines.
pub struct Page {
    /// One user each, without an end.
    pub lines: Vec<String>,
    /// Where to go on; `None` behind the last.
    pub next: Option<Cursor>,
}

/// The lines behind a position. With `secrets` they have the hashes of passwords.
pub async fn page(
    ports: &Ports,
    env: EnvId,
    secrets: bool,
    after: Option<Cursor>,
) -> Result<Page, Fault> {
    let now = ports.clock.now();
    let query = Query {
        after,
        ..Query::all(User::KIND, env, PAGE)
    };
    let page = ports.store.list(&query, now).await?;
    let mut lines = Vec::with_capacity(page.docs.len());
    for doc in &page.docs {
        let user = User::from_doc(doc)?;
        let mut line = groups::as_filtered(&user);
        if let Some(line) = line.as_object_mut() {
            // It follows from the attributes of the environment.
            line.remove("uniqueCustom");
        }
        if let (Some(line), true) = (line.as_object_mut(), secrets) {
            let id = user.id.to_string();
            let credential = load::<Credential>(&*ports.store, env, id, now).await?;
            add_password(line, credential.as_ref().map(|it| &it.value));
        }
        lines.push(line.to_string());
    }
    Ok(Page {
        lines,
        next: page.next,
    })
}

fn add_password(line: &mut Map<String, Value>, credential: Option<&Credential>) {
    let hash = credential.and_then(|it| Some((it, it.password_hash.as_ref()?)));
    let Some((credential, hash)) = hash else {
        return;
    };
    // A hash of ours has no name in braces, without which it would be taken for clear text.
    let hash = hash.as_str();
    let value = if hash.starts_with('$') {
        format!("{{ARGON2}}{hash}")
    } else {
        hash.to_owned()
    };
    let password = json!({ "value": value, "forceChange": credential.force_change });
    line.insert("password".to_owned(), password);
}
