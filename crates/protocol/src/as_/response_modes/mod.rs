//! How an authorization response travels (`reference/oidc.md` 3.4, 5.2). A file a mode.

pub mod form_post;
pub mod fragment;
pub mod pi_flow;
pub mod query;

use countersign_domain::application::redirect_uri::RedirectUri;
use serde::{Deserialize, Serialize};

use crate::flows::view::Resource;

/// A response mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Parameters in the query of the redirect URI.
    #[serde(rename = "query")]
    Query,
    /// Parameters in its fragment.
    #[serde(rename = "fragment")]
    Fragment,
    /// A page that posts them.
    #[serde(rename = "form_post")]
    FormPost,
    /// JSON, no redirect at all.
    #[serde(rename = "pi.flow")]
    PiFlow,
}

/// All of them, in the order discovery lists them.
pub const ALL: &[Mode] = &[Mode::PiFlow, Mode::Query, Mode::Fragment, Mode::FormPost];

impl Mode {
    /// By its name on the wire.
    pub fn parse(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|mode| mode.as_str() == name)
    }

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
            Self::PiFlow => "pi.flow",
        }
    }
}

/// Where and how an answer goes. Made only from a redirect URI that was matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The mode.
    pub mode: Mode,
    /// The matched redirect URI, exactly as sent; absent only for `pi.flow`.
    pub redirect_uri: Option<RedirectUri>,
    /// `state`, returned as it came.
    pub state: Option<String>,
}

/// Parameters of an authorization response in the order they are written.
pub type Parameters = Vec<(&'static str, String)>;

/// An authorization response, ready for the wire.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// 302 to this URL.
    Redirect(String),
    /// A page whose form posts these fields to this URL.
    FormPost {
        /// The form's action.
        action: String,
        /// Its hidden fields.
        fields: Parameters,
    },
    /// 200 with this JSON.
    Json(Box<pi_flow::Ended>),
}

impl Destination {
    /// Delivers parameters. `flow` is the resource that `pi.flow` wraps them in.
    pub fn deliver(&self, mut parameters: Parameters, flow: Option<Box<Resource>>) -> Delivery {
        if let Some(state) = &self.state {
            parameters.push(("state", state.clone()));
        }
        match (self.mode, &self.redirect_uri) {
            (Mode::PiFlow, _) | (_, None) => pi_flow::deliver(parameters, flow),
            (Mode::Query, Some(uri)) => query::deliver(uri.as_str(), &parameters),
            (Mode::Fragment, Some(uri)) => fragment::deliver(uri.as_str(), &parameters),
            (Mode::FormPost, Some(uri)) => form_post::deliver(uri.as_str(), parameters),
        }
    }
}

fn encode(parameters: &Parameters) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        out.append_pair(name, value);
    }
    out.finish()
}
