//! Users and their passwords.

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::{EnvId, UserId};
use countersign_domain::password::hash::PasswordHash;
use countersign_domain::population::Population;
use countersign_domain::reference::{Ref, fold};
use countersign_domain::role::RoleSubject;
use countersign_domain::store::Fault;
use countersign_domain::user::{Credential, User};
use serde_json::json;

use super::build::Parts;
use super::node::{Data, Node};
use super::plan::{PasswordWork, Plan, id_json};
use super::settings::POPULATION;

/// Lists of a user that are documents of their own.
const LISTS: [&str; 4] = [
    "linkedAccounts",
    "devices",
    "oauthConsents",
    "agreementConsents",
];

/// Longest user name in characters (`platform.md` 3.7).
const LONGEST_USERNAME: usize = 128;

impl Plan<'_> {
    pub(super) fn user(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(username) = self.name_of(&node, "username") else {
            return Ok(());
        };
        if username.chars().count() > LONGEST_USERNAME || username.chars().any(char::is_control) {
            let message = "must have 1 to 128 characters, none of them a control character";
            self.note(node.line, "username", message);
        }
        let rule = User::UNIQUE_USERNAME;
        let folded = fold(&username);
        let found = self.draft.find(kinds::USER, env, rule, &folded);
        let known = found.and_then(|id| id.parse().ok());
        let id = UserId::from_uuid(self.identify(&mut node, env, kinds::USER, known, &folded));
        let password = node.take("password");
        let roles = node.take("roleAssignments");
        let groups = node.take("memberOfGroups");
        self.refer(&mut node, "population", env, &POPULATION);
        self.authority(env, &mut node)?;
        let line = node.line;
        let mut lists = Node::from_json(json!({}), line);
        for key in LISTS {
            if let Some(list) = node.take(key) {
                lists.set(key, list);
            }
        }
        let mut fresh = Vec::new();
        if node.get("population").is_none() && !self.draft.has(kinds::USER, env, id) {
            match self.default_population(env)? {
                Some(population) => fresh.push(("population", id_json(population.id))),
                None if self.tools.is_some() => {
                    self.note(line, "population", "is missing, and none is the default");
                    return Ok(());
                }
                None => {}
            }
        }
        let built: Option<User> = self.entity(Parts {
            fresh,
            nested: &[
                "id",
                "password",
                "roleAssignments",
                "memberOfGroups",
                "linkedAccounts",
                "devices",
                "oauthConsents",
                "agreementConsents",
            ],
            ..Parts::of(env, id, node)
        })?;
        if let Some(password) = password {
            self.inside("password", |plan| plan.password(env, id, password))?;
        } else if let Some(credential) = self.draft.get::<Credential>(env, id)? {
            self.draft.put(env, &credential)?;
        }
        if built.is_some() {
            self.each(&mut lists, "linkedAccounts", |plan, item| {
                plan.linked_account(env, id, item)
            })?;
            self.each(&mut lists, "devices", |plan, item| {
                plan.device(env, id, item)
            })?;
            self.each(&mut lists, "oauthConsents", |plan, item| {
                plan.oauth_consent(env, id, item)
            })?;
            self.each(&mut lists, "agreementConsents", |plan, item| {
                plan.agreement_consent(env, id, item)
            })?;
        }
        if built.is_some() {
            self.memberships(env, id, groups)?;
        }
        if built.is_some() {
            self.roles_later(RoleSubject::User(Ref::to(id)), roles);
        }
        Ok(())
    }

    fn default_population(&self, env: EnvId) -> Result<Option<Population>, Fault> {
        let populations: Vec<Population> = self.draft.all(env)?;
        Ok(populations.into_iter().find(|it| it.default))
    }

    /// `{value}` in clear, or `{hash}`. PingOne takes encoded hashes under `value` too.
    fn password(&mut self, env: EnvId, user: UserId, mut node: Node) -> Result<(), Fault> {
        if !self.only(
            &node,
            &["value", "hash", "forceChange", "lastChangedAt", "initial"],
        ) {
            return Ok(());
        }
        let force_change = match node.get("forceChange").map(|it| &it.data) {
            None | Some(Data::Null) => None,
            Some(Data::Bool(it)) => Some(*it),
            Some(_) => {
                self.note(node.line, "forceChange", "must be true or false");
                return Ok(());
            }
        };
        let is_initial = node.get("initial").map(|it| &it.data) == Some(&Data::Bool(true));
        let before: Option<Credential> = self.draft.get(env, user)?;
        if let (true, Some(before)) = (is_initial, before.filter(|it| it.password_hash.is_some())) {
            return self.draft.put(env, &before);
        }
        let given = match (node.take("value"), node.take("hash")) {
            (Some(value), None) => (value, false),
            (None, Some(hash)) => (hash, true),
            _ => {
                self.note(node.line, "", "must have either value or hash");
                return Ok(());
            }
        };
        let (
            Node {
                line,
                data: Data::Text(text),
            },
            is_hash,
        ) = given
        else {
            self.note(node.line, "", "value and hash must be text; quote it");
            return Ok(());
        };
        let encoded = PasswordHash::of_value(&text);
        match (is_hash, encoded) {
            (true, _) => match text.parse() {
                Ok(hash) => self.password_hash(env, user, hash, force_change, &node),
                Err(error) => {
                    self.note(line, "hash", error);
                    Ok(())
                }
            },
            (false, Some(Ok(hash))) => self.password_hash(env, user, hash, force_change, &node),
            (false, Some(Err(error))) => {
                self.note(line, "value", error);
                Ok(())
            }
            (false, None) if text.is_empty() => {
                self.note(line, "value", "must not be empty");
                Ok(())
            }
            (false, None) => {
                self.passwords.push(PasswordWork {
                    env,
                    user,
                    password: text.into(),
                    force_change,
                });
                Ok(())
            }
        }
    }

    fn password_hash(
        &mut self,
        env: EnvId,
        user: UserId,
        hash: PasswordHash,
        force_change: Option<bool>,
        node: &Node,
    ) -> Result<(), Fault> {
        let at = match node.get_text("lastChangedAt").map(str::parse) {
            None => None,
            Some(Ok(at)) => Some(at),
            Some(Err(error)) => {
                self.note(node.line, "lastChangedAt", error);
                return Ok(());
            }
        };
        let before: Option<Credential> = self.draft.get(env, user)?;
        let mut credential = match before {
            Some(before) if before.password_hash.as_ref() == Some(&hash) => before,
            _ => Credential::new(user, hash, self.now),
        };
        credential.last_changed_at = at.unwrap_or(credential.last_changed_at);
        credential.force_change = force_change.unwrap_or(credential.force_change);
        debug_assert_eq!(credential.id(), user.to_string());
        self.draft.put(env, &credential)
    }
}
