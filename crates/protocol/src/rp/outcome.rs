//! What a provider's answer does to the flow: somebody we know goes on, somebody new is linked,
//! confirmed or made (`reference/flows.md` 6.21, 14.1).

use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::identity_provider::{IdentityProvider, LinkedAccount};
use countersign_domain::ids::{LinkedAccountId, PopulationId, UserId};
use countersign_domain::password::lockout;
use countersign_domain::reference::fold;
use countersign_domain::store::{Batch, Fault, Query};
use countersign_domain::user::{Account, User, UserIdentityProvider};
use serde_json::json;

use crate::as_::authorize::sign_on_page;
use crate::audit::{Watched, kinds};
use crate::browser::BrowserToken;
use crate::configuration::ProviderView;
use crate::cx::Cx;
use crate::flows::account::AccountAfter;
use crate::flows::actions::Call;
use crate::flows::advance::{Advanced, Arrival, advance};
use crate::flows::external::{self, ExternalIdentity, Trip};
use crate::flows::next::{Known, next};
use crate::flows::state::FlowFailure;
use crate::flows::{Flow, State, access};
use crate::refusal::{Outcome, Refusal, Refused};
use crate::rp::external_sign_on;
use crate::run::{Operation, Verdict};

/// Most linked accounts of a user that are looked at.
const MAX_LINKS: u32 = 50;

/// Where the browser goes from the callback.
#[derive(Debug)]
pub struct Reply {
    /// The URL.
    pub to: String,
    /// A new value for the `ST` cookie.
    pub cookie: Option<BrowserToken>,
    /// Why nobody came in, for administrators; the browser goes on all the same.
    pub refused: Option<Refused>,
}

/// The second half of a callback: the answer was taken, the provider was asked.
pub struct Arrive<'a> {
    call: &'a Call<'a>,
    trip: &'a Trip,
    /// Whom the provider named, or why it named nobody.
    said: Result<ExternalIdentity, String>,
}

impl<'a> Arrive<'a> {
    /// With what the provider said.
    pub fn new(call: &'a Call<'a>, trip: &'a Trip, said: Result<ExternalIdentity, String>) -> Self {
        Self { call, trip, said }
    }
}

/// What is known of the person whom the provider named.
struct Person {
    /// Whose account at the provider it is.
    linked: Option<LinkedAccount>,
    /// That user; without a link, whoever has the username that the provider gives.
    user: Option<Stored<User>>,
    account: Option<Stored<Account>>,
    /// Whether that user has another account at the same provider.
    has_another: bool,
    /// Where people go over whom the provider has the say, if that is there.
    population: Option<PopulationId>,
    arrival: Arrival,
    new_user: UserId,
    new_link: LinkedAccountId,
    /// As the provider named them, without what they may not have of it.
    identity: ExternalIdentity,
}

pub struct Facts {
    flow: Stored<Flow>,
    /// Where the flow is shown.
    page: String,
    person: Option<Person>,
}

impl Operation for Arrive<'_> {
    type Facts = Facts;
    type Reply = Reply;

    async fn gather(&self, cx: &Cx) -> Outcome<Facts> {
        let flow = access::find(cx, self.call.flow_id, self.call.token).await?;
        let view = cx
            .env
            .application(&cx.ports, flow.request.client, cx.now)
            .await?;
        let page = match view {
            Some(view) => sign_on_page(cx, &view, flow.id),
            None => cx
                .env
                .urls
                .sign_on_page(cx.env_id(), flow.id, flow.request.client),
        };
        let person = match &self.said {
            Ok(identity) => Some(self.person(cx, &flow, identity).await?),
            Err(_) => None,
        };
        Ok(Facts { flow, page, person })
    }

    fn decide(&self, cx: &Cx, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let Stored {
            value: mut flow,
            version,
        } = facts.flow;
        let watched = Watched::before(cx, "rp.callback", &flow);
        let awaits = flow.progress.trip.take();
        if awaits.is_none_or(|trip| trip.state != self.trip.state) {
            let why = "the flow began anew while the provider was asked";
            return Ok(Verdict::refuse(Refusal::FlowNotFound.because(why)));
        }
        let stands = external::providers(&cx.env, &flow);
        let view = stands
            .iter()
            .find(|view| view.provider.id == self.trip.provider);
        let result = match (view, &self.said, facts.person) {
            // Another tab went on, or the provider was taken away: the page shows where it stands.
            (None, _, _) => Ok(Advanced::default()),
            (Some(view), Ok(_), Some(person)) => {
                let identity = &person.identity.clone();
                let arriving = Arriving { cx, view, identity };
                arriving.decide(&mut flow, person)?
            }
            (Some(_), _, _) => Err(Why::Refused),
        };
        let (mut to, mut refused) = (facts.page, None);
        let advanced = match result {
            Ok(advanced) => advanced,
            Err(why) => {
                refused = Some(self.refused(&why));
                if fail(cx, &mut flow, &why) {
                    to = with_error(cx, &to);
                }
                Advanced::default()
            }
        };
        flow.touch(cx.now);
        let mut writes = advanced.writes.update(cx.env_id(), &flow, version)?;
        let provider = self.trip.provider;
        let came_back = external_sign_on(cx, &kinds::AUTHENTICATION_UPDATED, &flow, provider);
        let came_back = match (&self.said, &refused) {
            (Err(why), _) => came_back.failed(why),
            (Ok(_), Some(_)) => came_back.failed("The user may not sign on"),
            (Ok(_), None) => came_back,
        };
        let told = watched.succeeded(cx, &flow).into_iter().chain([came_back]);
        for activity in told {
            writes = writes.record(activity.to_event(cx.env_id())?);
        }
        let reply = Reply {
            to,
            cookie: advanced.cookie,
            refused,
        };
        Ok(Verdict::reply(reply).writing(writes))
    }
}

impl Arrive<'_> {
    /// For the explanation.
    fn refused(&self, why: &Why) -> Refused {
        let provider = self.trip.provider;
        let why = match (why, &self.said) {
            (Why::Refused, Err(why)) => format!("the sign-on at the provider failed: {why}"),
            (Why::Refused, Ok(_)) => "the provider named nobody".to_owned(),
            (Why::NotUsable, _) => {
                "the user whom the provider named is gone, disabled or locked, or \
                                    not the one whom the flow is about"
                    .to_owned()
            }
            (Why::NotRegistered, _) => "no user is linked to the account at the provider, and the \
                                        policy's action registers nobody"
                .to_owned(),
        };
        Refusal::AccessDenied.because(format!("identity provider {provider}: {why}"))
    }

    async fn person(&self, cx: &Cx, flow: &Flow, identity: &ExternalIdentity) -> Outcome<Person> {
        let (store, env) = (&*cx.ports.store, cx.env_id());
        let linked = external::link_of(cx, identity).await?;
        let user = match (&linked, identity.get("username")) {
            (Some(link), _) => {
                let id = link.user.id.to_string();
                entity::load::<User>(store, env, id, cx.now).await?
            }
            (None, Some(name)) => {
                let rule = User::UNIQUE_USERNAME;
                entity::load_by::<User>(store, env, rule, fold(name), cx.now).await?
            }
            (None, None) => None,
        };
        let entropy = &*cx.ports.entropy;
        let new_user = UserId::random(entropy);
        let mut account = None;
        let mut has_another = false;
        let arrival = match &user {
            Some(user) => {
                let id = user.id.to_string();
                account = entity::load::<Account>(store, env, &id, cx.now).await?;
                has_another = has_account(cx, user, identity).await?;
                Arrival::proving(cx, self.call, flow, user).await?
            }
            None => Arrival::gather(cx, self.call, flow, new_user).await?,
        };
        let view = cx.env.provider(identity.provider);
        let population = match view.and_then(|it| it.provider.authoritative_population()) {
            Some(id) => cx.env.population(store, id, cx.now).await?.map(|it| it.id),
            None => None,
        };
        let whose = user.as_ref().map_or(new_user, |user| user.id);
        Ok(Person {
            identity: identity.free(cx, whose).await?,
            population,
            linked,
            user,
            account,
            has_another,
            arrival,
            new_user,
            new_link: LinkedAccountId::random(entropy),
        })
    }
}

async fn has_account(cx: &Cx, user: &User, identity: &ExternalIdentity) -> Outcome<bool> {
    let query = Query::equal(
        LinkedAccount::KIND,
        cx.env_id(),
        LinkedAccount::BY_USER,
        user.id.to_string(),
        MAX_LINKS,
    );
    let page = cx.ports.store.list(&query, cx.now).await?;
    for doc in &page.docs {
        if LinkedAccount::from_doc(doc)?.identity_provider.id == identity.provider {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Why nobody comes in.
enum Why {
    /// The provider named nobody.
    Refused,
    /// Somebody it named may not come in.
    NotUsable,
    /// Nobody here has the account, and the policy makes nobody new.
    NotRegistered,
}

/// Decision: where the policy has nothing but the provider, its failure fails the policy; where the
/// provider was one way among others, the flow stands as it did and the page says so.
///
/// Answers whether the page is to say so.
fn fail(cx: &Cx, flow: &mut Flow, why: &Why) -> bool {
    let must_go = matches!(flow.state, State::ExternalAuthenticationRequired(_));
    let failure = match why {
        Why::NotRegistered => FlowFailure::NobodyHasTheAccount,
        Why::Refused | Why::NotUsable if must_go => FlowFailure::ExternalSignOn,
        Why::Refused | Why::NotUsable => return true,
    };
    flow.progress.policy += 1;
    flow.progress.done.clear();
    let is_last = flow.progress.policy >= flow.request.policies.len();
    flow.state = if is_last {
        State::Failed(failure)
    } else {
        // The next policy begins with nobody: who was known was known for this one.
        flow.session = None;
        let policies = flow.request.policies.clone();
        let known = Known::nobody(flow.remote_ip(cx));
        next(&cx.env, &policies, &mut flow.progress, known, cx.now).stand()
    };
    false
}

/// The `error` parameter of a sign-on page: JSON in a URL (`reference/flows.md` 1).
///
/// Compat: a text, for Ping's sample shows what it has read as it is, and spaces as `%20`, for it
/// reads no form. The text has nothing else that must be escaped.
fn with_error(cx: &Cx, page: &str) -> String {
    let (said, id) = (FlowFailure::ExternalSignOn.message(), cx.correlation);
    let error = format!("\"{said} ({id})\"");
    let error = error.replace(' ', "%20").replace('"', "%22");
    format!("{page}&error={error}")
}

struct Arriving<'a> {
    cx: &'a Cx,
    view: &'a ProviderView,
    identity: &'a ExternalIdentity,
}

impl Arriving<'_> {
    /// Source: `reference/flows.md` 6.21.
    fn decide(&self, flow: &mut Flow, person: Person) -> Result<Result<Advanced, Why>, Fault> {
        let Person {
            linked,
            user,
            account,
            has_another,
            population,
            arrival,
            new_user,
            new_link,
            identity: _,
        } = person;
        let provider = &self.view.provider;
        match (linked, user) {
            (Some(_), Some(user)) => self.sign_on(flow, user, account, arrival, Batch::new()),
            (Some(_), None) => Ok(Err(Why::NotUsable)),
            // Threat 37: the provider has the say over this user by an administrator's word, and
            // nobody else there was this user before.
            (None, Some(user))
                if external::authority(&user) == Some(provider.id) && !has_another =>
            {
                let link = self.identity.link(new_link, &user, self.cx.now);
                let writes = Batch::new().create(self.cx.env_id(), &link)?;
                self.sign_on(flow, user, account, arrival, writes)
            }
            (None, None) if provider.authoritative_population().is_some() => {
                match self.new_user(new_user, population)? {
                    Some(user) => self.register(flow, user, new_link, arrival),
                    None => Ok(Err(Why::NotRegistered)),
                }
            }
            (None, namesake) => Ok(self.unknown(flow, namesake)),
        }
    }

    /// Nobody here has the account: the person proves to be somebody, or becomes somebody.
    fn unknown(&self, flow: &mut Flow, namesake: Option<Stored<User>>) -> Result<Advanced, Why> {
        let action = external::asking(&self.cx.env, flow);
        let registration = action.and_then(external::registration);
        let confirms = registration.is_some_and(|it| it.confirm_identity_provider_attributes);
        let registers = registration.is_some_and(|it| it.enabled);
        // Threat 37: whoever has the name proves it by their password. No address counts as proof.
        let has_namesake = namesake.is_some_and(|user| !user.is_external());
        flow.state = if confirms {
            State::AccountConfirmationRequired
        } else if has_namesake || registers {
            State::AccountLinkingRequired
        } else {
            return Err(Why::NotRegistered);
        };
        flow.progress.external = Some(self.identity.clone());
        Ok(Advanced::default())
    }

    /// A user whom the provider vouches for, as far as it has the say.
    fn new_user(
        &self,
        id: UserId,
        population: Option<PopulationId>,
    ) -> Result<Option<User>, Fault> {
        let (Some(population), Some(username)) = (population, self.identity.get("username")) else {
            return Ok(None);
        };
        let provider = Some(&self.view.provider);
        let user = fresh_user(self.cx, id, username, population, provider)?;
        self.identity.told(self.cx, &user).map(Some)
    }

    fn register(
        &self,
        flow: &mut Flow,
        user: User,
        link: LinkedAccountId,
        arrival: Arrival,
    ) -> Result<Result<Advanced, Why>, Fault> {
        if !makes_room(flow, &user) {
            return Ok(Err(Why::NotUsable));
        }
        let link = self.identity.link(link, &user, self.cx.now);
        let writes = Batch::new()
            .create(self.cx.env_id(), &user)?
            .create(self.cx.env_id(), &link)?;
        let account = AccountAfter::changed(Account::new(user.id), None);
        self.proved(flow, &user, account, arrival, writes).map(Ok)
    }

    fn sign_on(
        &self,
        flow: &mut Flow,
        user: Stored<User>,
        account: Option<Stored<Account>>,
        arrival: Arrival,
        mut writes: Batch,
    ) -> Result<Result<Advanced, Why>, Fault> {
        let action = external::asking(&self.cx.env, flow);
        let enforces = action.is_some_and(external::enforces_lockout);
        let is_locked = account.as_ref().is_some_and(|account| {
            account.locked_by_admin || lockout::is_locked(account, self.cx.now)
        });
        if !user.enabled || (enforces && is_locked) || !makes_room(flow, &user) {
            return Ok(Err(Why::NotUsable));
        }
        let after = self.identity.told(self.cx, &user)?;
        if after != user.value {
            writes = writes.update(self.cx.env_id(), &after, user.version)?;
        }
        let (account, version) = match account {
            Some(stored) => (stored.value, Some(stored.version)),
            None => (Account::new(after.id), None),
        };
        let account = AccountAfter::changed(account, version);
        self.proved(flow, &after, account, arrival, writes).map(Ok)
    }

    fn proved(
        &self,
        flow: &mut Flow,
        user: &User,
        account: AccountAfter,
        arrival: Arrival,
        writes: Batch,
    ) -> Result<Advanced, Fault> {
        flow.progress.used_provider(self.cx.now);
        let mut advanced = advance(self.cx, flow, user, account, arrival)?;
        advanced.writes = advanced.writes.and(writes);
        Ok(advanced)
    }
}

/// Whether the flow can be this user's. Whoever proved in it who they are stays; whom only the
/// browser's session knows makes room, and the session counts no more.
fn makes_room(flow: &mut Flow, user: &User) -> bool {
    let is_other = external::expected(flow).is_some_and(|expected| expected.id != user.id);
    if !is_other {
        return true;
    }
    let is_proved = !flow.progress.authenticators.is_empty();
    // A user whom the client named by a token of its own is the only one it wants.
    if is_proved || flow.progress.named.is_some() {
        return false;
    }
    flow.session = None;
    true
}

/// Somebody new, as the user resource begins.
pub fn fresh_user(
    cx: &Cx,
    id: UserId,
    username: &str,
    population: PopulationId,
    authority: Option<&IdentityProvider>,
) -> Result<User, Fault> {
    let identity_provider = authority.map_or_else(UserIdentityProvider::default, |provider| {
        UserIdentityProvider {
            id: Some(provider.id.uuid()),
            type_: provider.type_.name().to_owned(),
        }
    });
    let json = json!({
        "id": id,
        "username": username,
        "population": { "id": population },
        "identityProvider": identity_provider,
        "mfaEnabled": cx.env.new_users_have_mfa,
        "createdAt": cx.now,
        "updatedAt": cx.now,
    });
    serde_json::from_value(json)
        .map_err(|_| Fault::Crypto("a user cannot be written as JSON and read again"))
}
