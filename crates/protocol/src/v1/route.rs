//! What is served where, to whom: the declarations that routing and permission checks follow.

use std::collections::HashMap;
use std::sync::LazyLock;

use countersign_domain::ports::BoxFuture;

use super::call::{Call, Reply};
use crate::refusal::{Outcome, Refusal, Refused};

/// A method that some resource has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, or performs an operation.
    Post,
    /// Replaces.
    Put,
    /// Changes what is sent.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// As it is on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The method of a name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete]
            .into_iter()
            .find(|it| it.name() == name)
    }

    /// Whether requests with it have bodies.
    pub const fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// Which `Content-Type` selects an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `application/json`, or none.
    Json,
    /// `application/vnd.pingidentity.<name>`, with or without `+json`.
    Custom(&'static str),
    /// Any of these types, for uploads.
    Any(&'static [&'static str]),
}

impl Media {
    /// The operation that the type names, where it is not the method that says what is done.
    pub const fn operation(self) -> Option<&'static str> {
        match self {
            Self::Custom(name) => Some(name),
            Self::Json | Self::Any(_) => None,
        }
    }
}

/// How a role that reaches only a part of the environment counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narrow {
    /// Not at all.
    No,
    /// A role for a population counts for what is in that population. A path with `{user}` or
    /// `{population}` is checked by the dispatcher; lists, creations and paths with `{group}` look at
    /// [`Call::reach`].
    Population,
    /// A role for an application counts for what belongs to that application. A path with
    /// `{application}` is checked by the dispatcher.
    Application,
    /// Either counts: it is about what surrounds both.
    Either,
}

/// What carries out a call.
pub type Handler = for<'a> fn(&'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>>;

/// One method of one path, under one media type.
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path below `/v1`; parameters in braces, the same name everywhere for the same thing.
    pub path: &'static str,
    /// The media type.
    pub media: Media,
    /// What a role must permit: `classifier:action`.
    pub permission: &'static str,
    /// How far-reaching the role must be.
    pub narrow: Narrow,
    /// The `p1:` scope with which people may do this to themselves.
    pub own: Option<&'static str>,
    /// Whether it works in an environment that waits for its deletion, too.
    pub dormant: bool,
    /// Types that it answers in besides JSON, as `Accept` asks.
    pub answers: &'static [&'static str],
    /// The operation that it is, where neither the method nor the media type says so.
    pub told: Option<&'static str>,
    /// Carries it out.
    pub handler: Handler,
}

impl Endpoint {
    /// A method of a path that a permission opens.
    pub const fn new(
        method: Method,
        path: &'static str,
        permission: &'static str,
        handler: Handler,
    ) -> Self {
        Self {
            method,
            path,
            media: Media::Json,
            permission,
            narrow: Narrow::No,
            own: None,
            dormant: false,
            answers: &[],
            told: None,
            handler,
        }
    }

    /// `GET`
    pub const fn get(path: &'static str, permission: &'static str, handler: Handler) -> Self {
        Self::new(Method::Get, path, permission, handler)
    }

    /// `POST`
    pub const fn post(path: &'static str, permission: &'static str, handler: Handler) -> Self {
        Self::new(Method::Post, path, permission, handler)
    }

    /// `PUT`
    pub const fn put(path: &'static str, permission: &'static str, handler: Handler) -> Self {
        Self::new(Method::Put, path, permission, handler)
    }

    /// `PATCH`
    pub const fn patch(path: &'static str, permission: &'static str, handler: Handler) -> Self {
        Self::new(Method::Patch, path, permission, handler)
    }

    /// `DELETE`
    pub const fn delete(path: &'static str, permission: &'static str, handler: Handler) -> Self {
        Self::new(Method::Delete, path, permission, handler)
    }

    /// The same under a media type of its own: `user.import` for
    /// `application/vnd.pingidentity.user.import+json`.
    #[must_use]
    pub const fn media(mut self, name: &'static str) -> Self {
        self.media = Media::Custom(name);
        self
    }

    /// The same under one of several types, for uploads.
    #[must_use]
    pub const fn any_of(mut self, types: &'static [&'static str]) -> Self {
        self.media = Media::Any(types);
        self
    }

    /// People may do it to themselves with this scope.
    #[must_use]
    pub const fn own(mut self, scope: &'static str) -> Self {
        self.own = Some(scope);
        self
    }

    /// Roles that reach less than the environment count.
    #[must_use]
    pub const fn narrow(mut self, narrow: Narrow) -> Self {
        self.narrow = narrow;
        self
    }

    /// It works in an environment that waits for its deletion, too.
    #[must_use]
    pub const fn dormant(mut self) -> Self {
        self.dormant = true;
        self
    }

    /// The audit log knows it by this name.
    #[must_use]
    pub const fn told(mut self, operation: &'static str) -> Self {
        self.told = Some(operation);
        self
    }

    /// The operation, by the name that the audit log knows it by, if it has one.
    pub fn operation(&self) -> Option<&'static str> {
        self.told.or(self.media.operation())
    }

    /// It answers in these types, too.
    #[must_use]
    pub const fn answers(mut self, types: &'static [&'static str]) -> Self {
        self.answers = types;
        self
    }

    /// Whether the path is that of one thing, which this parameter names.
    pub fn is_of_one(&self, parameter: &str) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let name = name.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
        name == Some(parameter)
    }

    /// Whether the path names an environment.
    pub fn is_in_environment(&self) -> bool {
        self.path.contains("{environment}")
    }

    /// Whether the environment that the path names may be gone, or serve nobody, when it succeeded.
    pub fn may_end_environment(&self) -> bool {
        let called = (self.method, self.path);
        called == (Method::Delete, "/environments/{environment}")
            || called == (Method::Put, "/environments/{environment}/status")
    }

    fn takes(&self, media: &str) -> bool {
        match self.media {
            // PingOne is lenient with bodies without a type; Ping's SDK always sends one.
            Media::Json => {
                !self.method.has_body()
                    || media.is_empty()
                    || media.eq_ignore_ascii_case("application/json")
                    || media.eq_ignore_ascii_case("application/hal+json")
            }
            Media::Custom(name) => {
                custom_name(media).is_some_and(|it| it.eq_ignore_ascii_case(name))
            }
            Media::Any(types) => types.iter().any(|it| it.eq_ignore_ascii_case(media)),
        }
    }
}

/// How the custom types begin.
const PREFIX: &str = "application/vnd.pingidentity.";

/// Compat: operations without a body are documented with and without `+json`; both select them.
fn custom_name(media: &str) -> Option<&str> {
    let start = media.get(..PREFIX.len())?;
    if !start.eq_ignore_ascii_case(PREFIX) {
        return None;
    }
    let name = media.get(PREFIX.len()..)?;
    let bare = name.len().checked_sub("+json".len()).and_then(|at| {
        let (name, end) = name.split_at_checked(at)?;
        end.eq_ignore_ascii_case("+json").then_some(name)
    });
    Some(bare.unwrap_or(name))
}

/// The endpoints of one noun.
pub struct Resource {
    /// What people call it; the key of its lists in `_embedded`.
    pub name: &'static str,
    /// Its endpoints.
    pub endpoints: &'static [Endpoint],
}

/// Every endpoint there is.
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    super::RESOURCES.iter().flat_map(|it| it.endpoints)
}

/// The endpoints of every path.
static PATHS: LazyLock<HashMap<&'static str, Vec<&'static Endpoint>>> = LazyLock::new(|| {
    let mut paths = HashMap::<_, Vec<_>>::new();
    for endpoint in endpoints() {
        paths.entry(endpoint.path).or_default().push(endpoint);
    }
    paths
});

/// The endpoints of a path, as they are declared.
fn of_path(path: &str) -> &'static [&'static Endpoint] {
    PATHS.get(path).map_or(&[], Vec::as_slice)
}

/// The paths that are served, each once.
pub fn paths() -> Vec<&'static str> {
    let mut paths: Vec<_> = PATHS.keys().copied().collect();
    paths.sort_unstable();
    paths
}

/// The methods of a path, each once, in order.
pub fn methods(path: &str) -> Vec<Method> {
    let mut methods: Vec<_> = of_path(path).iter().map(|it| it.method).collect();
    methods.sort_unstable();
    methods.dedup();
    methods
}

/// The endpoint of a path, a method and a `Content-Type`, whose parameters are ignored.
pub fn find(path: &str, method: &str, content_type: &str) -> Result<&'static Endpoint, Refused> {
    let method = Method::of(method).ok_or(Refusal::MethodNotAllowed)?;
    let of_method = of_path(path).iter().filter(|it| it.method == method);
    let mut found = of_method.copied().peekable();
    if found.peek().is_none() {
        return Err(Refusal::MethodNotAllowed.because(format!("{} {path}", method.name())));
    }
    let media = content_type.split(';').next().unwrap_or_default().trim();
    found.find(|it| it.takes(media)).ok_or_else(|| {
        let shown: String = media.chars().take(100).collect();
        Refusal::UnsupportedMediaType.because(format!("Content-Type is {shown:?}"))
    })
}
