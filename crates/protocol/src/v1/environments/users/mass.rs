//! Users by the million, for `countersign import --users`: every line of a file is judged by the
//! rules of `POST /users` with `user.import`, and many of them are written in one batch
//! (`docs/decisions/0031-mass-import.md`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign_domain::entity::{Entity, Stored, load, load_by};
use countersign_domain::ids::{EnvId, PopulationId, UserId, ordered_uuid};
use countersign_domain::password::hash::PasswordHash;
use countersign_domain::population::Population;
use countersign_domain::reference::fold;
use countersign_domain::store::{Batch, Conflict, Fault, IndexName};
use countersign_domain::user::User;
use serde_json::Value;

use super::{ALL, RESOURCE, creation};
use crate::as_::params::Params;
use crate::configuration::{self, ConfigurationCache, Snapshot};
use crate::cx::Cx;
use crate::import::Problem;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::actor::Actor;
use crate::v1::body::{self, Object};
use crate::v1::call::{Ahead, Call};
use crate::v1::noun::{self, Noun};
use crate::v1::reach::Reach;
use crate::v1::route::{Endpoint, Media};

mod export;

pub use export::{Page, page};

/// How often lines that met another writer are judged again.
const ATTEMPTS: usize = 5;

/// One line of a file: one user, in the shape of a `user.import`.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// The line, without its end.
    pub text: Vec<u8>,
}

impl Line {
    /// A problem with this line.
    pub fn problem(&self, field: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem {
            file: String::new(),
            line: self.number,
            field: field.into(),
            message: message.into(),
        }
    }
}

/// What became of some lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Users that are new.
    pub created: u64,
    /// Users that are there already, exactly as the line says.
    pub present: u64,
    /// Lines whose user is there already and is not as they say; left as it is.
    pub different: Vec<Problem>,
    /// Lines that are no user.
    pub wrong: Vec<Problem>,
    /// New users whose password came in clear, and was hashed here.
    pub in_clear: u64,
}

impl Tally {
    /// Adds another one.
    pub fn add(&mut self, other: Self) {
        self.created += other.created;
        self.present += other.present;
        self.different.extend(other.different);
        self.wrong.extend(other.wrong);
        self.in_clear += other.in_clear;
    }
}

/// Lines that were judged, and the batch that makes users of them.
#[derive(Debug, Default)]
pub struct Judged {
    batch: Batch,
    /// What becomes of the lines with it.
    pub tally: Tally,
}

impl Judged {
    /// Lines of which users were made elsewhere: there is nothing to write.
    pub fn done(tally: Tally) -> Self {
        Self {
            batch: Batch::new(),
            tally,
        }
    }
}

/// A mass import into one environment.
pub struct Mass {
    cache: Arc<ConfigurationCache>,
    env: EnvId,
    population: Option<PopulationId>,
    endpoint: &'static Endpoint,
}

/// What one line asks for.
enum Wanted {
    /// A user that is not there yet.
    New {
        user: Box<User>,
        batch: Batch,
        in_clear: bool,
    },
    /// The user is there, exactly so.
    Present,
    /// The user is there, and different.
    Different,
}

/// What the lines before have taken already.
#[derive(Default)]
struct Before {
    users: BTreeMap<String, User>,
    ids: BTreeSet<UserId>,
    uniques: BTreeSet<(IndexName, String)>,
}

impl Mass {
    /// Prepares an import. Lines that name no population go into `population`, an id or a name, or
    /// else where `POST /users` would put them.
    pub async fn open(
        cache: Arc<ConfigurationCache>,
        env: EnvId,
        population: Option<&str>,
    ) -> Outcome<Self> {
        let endpoint = RESOURCE.endpoints.iter();
        let mut endpoint =
            endpoint.filter(|it| it.path == ALL && it.media == Media::Custom("user.import"));
        let mut mass = Self {
            endpoint: endpoint.next().ok_or(Refusal::NotFound)?,
            cache,
            env,
            population: None,
        };
        let cx = mass.cx().await?;
        if let Some(named) = population {
            mass.population = Some(mass.population(&cx, named).await?);
        }
        Ok(mass)
    }

    async fn population(&self, cx: &Cx, named: &str) -> Outcome<PopulationId> {
        let store = &*cx.ports.store;
        let all = configuration::all::<Population>(store, self.env, cx.now).await?;
        let found = all.iter().find(|it| it.id() == named || it.name == named);
        let found = found.ok_or_else(|| {
            Refusal::NotFound.because(format!("the environment has no population {named}"))
        })?;
        Ok(found.id)
    }

    /// The context as of now: an import may last, and what is configured may change meanwhile.
    async fn cx(&self) -> Outcome<Cx> {
        let ports = self.cache.ports();
        let snapshot = self.cache.current(self.env, ports.clock.now()).await?;
        Ok(Cx::own(snapshot, ports.clone()))
    }

    /// Judges lines; nothing is written yet.
    pub async fn judge(&self, lines: &[Line]) -> Outcome<Judged> {
        let cx = self.cx().await?;
        let snapshot: &Snapshot = &cx.env;
        let actor = Actor::operator(&snapshot.environment);
        let id = self.env.to_string();
        let mut call = Call {
            cx: &cx,
            env: self.env,
            actor: &actor,
            reach: Reach::everywhere(),
            own: false,
            endpoint: self.endpoint,
            path: &[("environment", id.as_str().into())],
            query: &Params::default(),
            body: &[],
            content_type: "application/vnd.pingidentity.user.import+json",
            accept: "",
            browser: None,
            ahead: Ahead::default(),
        };
        let population = match self.population {
            Some(population) => Some(population),
            None => match creation::default_population(&call).await {
                Ok(population) => Some(population),
                // Then a line that names none says so itself.
                Err(Failure::Refused(_)) => None,
                Err(Failure::Fault(fault)) => return Err(fault.into()),
            },
        };
        let mut judged = Judged::default();
        let mut before = Before::default();
        for line in lines {
            if line.text.trim_ascii().is_empty() {
                continue;
            }
            call.body = &line.text;
            let tally = &mut judged.tally;
            match wanted(&call, population, &before).await {
                Ok(Wanted::New {
                    user,
                    batch,
                    in_clear,
                }) => {
                    before.take(*user);
                    judged.batch = judged.batch.and(batch);
                    tally.created += 1;
                    tally.in_clear += u64::from(in_clear);
                }
                Ok(Wanted::Present) => tally.present += 1,
                Ok(Wanted::Different) => {
                    let message = "is there already, and different; it was left as it is";
                    tally.different.push(line.problem("username", message));
                }
                Err(Failure::Refused(refused)) => tally.wrong.extend(problems(line, &refused)),
                Err(Failure::Fault(fault)) => return Err(fault.into()),
            }
        }
        Ok(judged)
    }

    /// Writes what was judged, as one durable batch. Where somebody else wrote meanwhile, the lines
    /// are judged again.
    pub async fn write(&self, lines: &[Line], mut judged: Judged) -> Outcome<Tally> {
        let ports = self.cache.ports();
        let mut last = Conflict::Serialization;
        for _ in 0..ATTEMPTS {
            let Judged { batch, tally } = judged;
            if batch.is_empty() {
                return Ok(tally);
            }
            match ports.store.commit(batch, ports.clock.now()).await {
                Ok(_) => return Ok(tally),
                Err(Fault::Conflict(conflict)) => last = conflict,
                Err(fault) => return Err(fault.into()),
            }
            judged = self.judge(lines).await?;
        }
        Err(Fault::Conflict(last).into())
    }
}

impl Before {
    fn take(&mut self, user: User) {
        self.ids.insert(user.id);
        self.uniques.extend(user.uniques());
        self.users.insert(fold(&user.username), user);
    }
}

/// Judges the line that is the body of the call.
async fn wanted(
    call: &Call<'_>,
    population: Option<PopulationId>,
    before: &Before,
) -> Outcome<Wanted> {
    let mut body = body::object(call.body)?;
    if let (true, Some(population)) = (creation::is_placed_nowhere(&body), population) {
        creation::place(&mut body, population);
    }
    let password = body.get("password").and_then(|it| it.get("value"));
    let in_clear = password
        .and_then(Value::as_str)
        .is_some_and(|it| PasswordHash::of_value(it).is_none());
    let kept = Kept::of(&body)?;
    let given = kept.id;
    let id = given.map_or_else(
        || ordered_uuid(call.now(), &*call.cx.ports.entropy),
        UserId::uuid,
    );
    let mut user: User = noun::described(call, body, id)?;
    user.enabled = kept.enabled.unwrap_or(user.enabled);
    let name = fold(&user.username);
    let stored = match before.users.get(&name) {
        Some(user) => Some(user.clone()),
        None => stored(call, &name).await?.map(|it| it.value),
    };
    if let Some(stored) = stored {
        return Ok(if is_as_wanted(&stored, &user, given) {
            Wanted::Present
        } else {
            Wanted::Different
        });
    }
    let mut taken = Vec::new();
    if let Some(id) = given
        && (before.ids.contains(&id) || is_taken(call, id).await?)
    {
        taken.push(Misfit::taken("id"));
    }
    let mut uniques = user.uniques().into_iter();
    if let Some((rule, value)) = uniques.find(|it| before.uniques.contains(it)) {
        taken.push(Misfit::taken(User::unique_member(rule, &value)));
    } else if !user.unique_custom.is_empty() {
        taken.extend(noun::taken(call, &user).await?);
    }
    if !taken.is_empty() {
        let why = "a value that must be unique is taken";
        return Err(Refusal::Unfit(taken).because(why).into());
    }
    let batch = noun::judged(call, user.clone()).await?;
    Ok(Wanted::New {
        user: Box::new(user),
        batch,
        in_clear,
    })
}

/// What a line says that a request cannot.
///
/// Decision: unlike the API, an import keeps the id that a line brings along, and whoever was disabled
/// elsewhere: people who move stay who they are to applications that know their `sub`, and nobody
/// comes back to life by moving.
struct Kept {
    id: Option<UserId>,
    enabled: Option<bool>,
}

impl Kept {
    fn of(body: &Object) -> Result<Self, Refused> {
        let given = |name| body.get(name).filter(|it| !it.is_null());
        let bad = |name, message| super::wrong(Misfit::invalid(name, message));
        let id = given("id").map(|it| {
            let id = it.as_str().and_then(|it| it.parse().ok());
            id.ok_or_else(|| bad("id", "must be a UUID"))
        });
        let enabled = given("enabled").map(|it| {
            it.as_bool()
                .ok_or_else(|| bad("enabled", "must be true or false"))
        });
        Ok(Self {
            id: id.transpose()?,
            enabled: enabled.transpose()?,
        })
    }
}

async fn stored(call: &Call<'_>, name: &str) -> Result<Option<Stored<User>>, Fault> {
    let rule = User::UNIQUE_USERNAME;
    load_by(call.store(), call.env, rule, name, call.now()).await
}

async fn is_taken(call: &Call<'_>, id: UserId) -> Result<bool, Fault> {
    let found = load::<User>(call.store(), call.env, id.to_string(), call.now()).await?;
    Ok(found.is_some())
}

/// Whether a user that is there is what a line would make. Not compared are times and the password:
/// a sign-on may have replaced its hash.
fn is_as_wanted(stored: &User, wanted: &User, given: Option<UserId>) -> bool {
    let wanted = User {
        id: given.unwrap_or(stored.id),
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        ..wanted.clone()
    };
    wanted == *stored
}

/// A refusal, for people who look at the line.
fn problems(line: &Line, refused: &Refused) -> Vec<Problem> {
    match &refused.refusal {
        Refusal::Unfit(misfits) => misfits
            .iter()
            .map(|it| line.problem(it.target.as_ref(), it.message.as_ref()))
            .collect(),
        Refusal::MalformedBody => {
            let message = format!("not a JSON object: {}", refused.because);
            vec![line.problem("", message)]
        }
        _ => vec![line.problem("", refused.because.as_ref())],
    }
}
