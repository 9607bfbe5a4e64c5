//! Who does things and what they are done to.

use countersign_domain::application::Application;
use countersign_domain::ids::{ApplicationId, EnvId, PopulationId, UserId};
use countersign_domain::reference::Ref;
use countersign_domain::user::User;
use serde::{Deserialize, Serialize};

use crate::flows::flow::{Flow, FlowUser};

/// An actor or a resource of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Its id.
    pub id: String,
    /// Its name, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `USER`, `CLIENT`, or the type of a resource.
    #[serde(rename = "type")]
    pub type_: String,
    /// Where it belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Ref<EnvId>>,
    /// The population of a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<Ref<PopulationId>>,
}

impl Party {
    /// Something of an environment.
    pub fn new(env: EnvId, type_: &str, id: impl ToString) -> Self {
        Self {
            id: id.to_string(),
            name: None,
            type_: type_.to_owned(),
            environment: Some(Ref::to(env)),
            population: None,
        }
    }

    /// With a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A user.
    pub fn user(env: EnvId, user: &User) -> Self {
        Self {
            population: Some(user.population),
            ..Self::new(env, "USER", user.id).named(user.username.clone())
        }
    }

    /// A user of whom the id alone is known.
    pub fn user_id(env: EnvId, user: UserId) -> Self {
        Self::new(env, "USER", user)
    }

    /// The person on a flow.
    pub fn flow_user(env: EnvId, user: &FlowUser) -> Self {
        Self {
            population: user.population.map(Ref::to),
            ..Self::new(env, "USER", user.id).named(user.username.clone())
        }
    }

    /// An application, as the client through which something is done.
    pub fn client(env: EnvId, application: &Application) -> Self {
        Self::new(env, "CLIENT", application.id).named(application.name.clone())
    }

    /// A client of which id and name are known.
    pub fn client_id(env: EnvId, id: ApplicationId, name: &str) -> Self {
        Self::new(env, "CLIENT", id).named(name)
    }
}

/// Who did it: the user, the client they used, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actors {
    /// The client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Party>,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Party>,
}

impl Actors {
    /// Those of a flow: its application, and the person as far as they are known.
    pub fn of_flow(env: EnvId, flow: &Flow) -> Self {
        Self {
            client: Some(Party::client_id(
                env,
                flow.request.client,
                &flow.application_name,
            )),
            user: flow.state.user().map(|user| Party::flow_user(env, user)),
        }
    }

    /// Takes from `other` what is missing here.
    pub fn fill(&mut self, other: &Self) {
        if self.client.is_none() {
            self.client.clone_from(&other.client);
        }
        if self.user.is_none() {
            self.user.clone_from(&other.user);
        }
    }
}
