//! A call of the management API, and its answer.

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::OnceLock;

use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Store;
use countersign_domain::store::{Doc, Key};
use countersign_domain::time::Time;

use super::actor::Actor;
use super::hal::Body;
use super::reach::Reach;
use super::route::Endpoint;
use crate::as_::params::Params;
use crate::cx::Cx;
use crate::refusal::{Outcome, Refusal, Refused};

/// The parameters of a path, decoded, ids in lower case: names and what is in their place.
pub type Path<'a> = &'a [(&'a str, Cow<'a, str>)];

/// A parameter of a path; empty when it has none of this name.
pub fn parameter<'a>(path: Path<'a>, name: &str) -> &'a str {
    path.iter()
        .find_map(|(it, value)| (*it == name).then_some(&**value))
        .unwrap_or_default()
}

/// One call, of somebody who is allowed to make it.
pub struct Call<'a> {
    /// The context: of the environment in the path, else of the caller's own.
    pub cx: &'a Cx,
    /// The environment in the path; [`EnvId::PLATFORM`] when there is none.
    pub env: EnvId,
    /// Who calls.
    pub actor: &'a Actor,
    /// How far the caller's roles reach for this permission.
    pub reach: Reach,
    /// Whether people do this to themselves, by a `p1:` scope and not by a role.
    pub own: bool,
    /// What is called.
    pub endpoint: &'static Endpoint,
    /// The parameters of the path.
    pub path: Path<'a>,
    /// The parameters of the query.
    pub query: &'a Params,
    /// The body.
    pub body: &'a [u8],
    /// Its type, parameters included.
    pub content_type: &'a str,
    /// What the caller would like to be answered: the `Accept` header.
    pub accept: &'a str,
    /// Hash of the `ST` cookie that came along.
    pub browser: Option<&'a str>,
    /// What was read in advance.
    pub ahead: Ahead,
}

/// Documents, or that there are none, which one call read together before it looks at them.
#[derive(Default)]
pub struct Ahead(OnceLock<HashMap<Key, Option<Doc>>>);

impl Call<'_> {
    /// The store.
    pub fn store(&self) -> &dyn Store {
        &*self.cx.ports.store
    }

    /// The time of the request.
    pub fn now(&self) -> Time {
        self.cx.now
    }

    /// A parameter of the path as text; empty when the path has none of this name.
    pub fn text(&self, name: &str) -> &str {
        parameter(self.path, name)
    }

    /// A parameter of the path as an id. What is no id names nothing.
    pub fn id<T: FromStr>(&self, parameter: &'static str) -> Result<T, Refused> {
        self.text(parameter)
            .parse()
            .map_err(|_| Refusal::NotFound.because(format!("{parameter} is not an id")))
    }

    /// The absolute URL of a path below `/v1`. From configuration (`threats.md` 36).
    pub fn url(&self, path: &str) -> String {
        [self.cx.env.urls.api(), "/v1", path].concat()
    }

    /// The path of the request below `/v1`, made from the ids in it.
    pub fn own_path(&self) -> String {
        self.fill(self.endpoint.path)
    }

    /// A path with the parameters of this call in the place of the names in braces.
    pub fn fill(&self, path: &str) -> String {
        let mut filled = String::with_capacity(2 * path.len());
        for step in path.split('/').skip(1) {
            filled.push('/');
            let name = step.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
            filled.push_str(name.map_or(step, |name| self.text(name)));
        }
        filled
    }

    /// Whether a comma-separated parameter of the query, such as `include`, names this.
    pub fn asks_for(&self, parameter: &str, name: &str) -> bool {
        let value = self.query.get(parameter).unwrap_or_default();
        value.split(',').any(|it| it.trim() == name)
    }

    /// Whether the caller would like to be answered in this type.
    pub fn accepts(&self, media: &str) -> bool {
        let types = self.accept.split(',');
        let mut types = types.map(|it| it.split(';').next().unwrap_or_default().trim());
        types.any(|it| it.eq_ignore_ascii_case(media))
    }

    /// Reads documents together, which costs less than one after the other; [`Call::load`] finds
    /// them. Once in a call, and only in calls that write nothing: they are as they were now.
    pub async fn read_ahead(&self, keys: Vec<Key>) -> Outcome<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let docs = self.store().get_all(&keys, self.now()).await?;
        let _ = self.ahead.0.set(keys.into_iter().zip(docs).collect());
        Ok(())
    }

    /// The entity under an id of the environment.
    pub async fn load<E: Entity>(&self, id: impl ToString) -> Outcome<Option<Stored<E>>> {
        self.load_of(self.env, id).await
    }

    /// The entity under an id of some environment.
    pub async fn load_of<E: Entity>(
        &self,
        env: EnvId,
        id: impl ToString,
    ) -> Outcome<Option<Stored<E>>> {
        let key = Key::new(E::KIND, env, id.to_string());
        let ahead = self.ahead.0.get().and_then(|docs| docs.get(&key));
        let doc = match ahead {
            Some(doc) => doc.clone(),
            None => self.store().get(&key, self.now()).await?,
        };
        Ok(entity::read(doc)?)
    }
}

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body; `None` for 204.
    pub body: Option<Body>,
    /// Where what was created is.
    pub location: Option<String>,
    /// A body that is not JSON, with its type.
    pub raw: Option<(&'static str, Vec<u8>)>,
}

impl Reply {
    /// 200 with a body.
    pub fn ok(body: impl Into<Body>) -> Self {
        Self {
            status: 200,
            body: Some(body.into()),
            location: None,
            raw: None,
        }
    }

    /// 201 with what was created. Its `self` link is its place.
    pub fn created(body: Body) -> Self {
        Self {
            status: 201,
            location: body.place().map(str::to_owned),
            body: Some(body),
            raw: None,
        }
    }

    /// 204.
    pub const fn gone() -> Self {
        Self {
            status: 204,
            body: None,
            location: None,
            raw: None,
        }
    }

    /// 200 with a body of another type.
    pub const fn raw(media: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            status: 200,
            body: None,
            location: None,
            raw: Some((media, bytes)),
        }
    }
}
