//! Create, read, list, replace, change and remove: written once for every noun.

mod write;

use std::future::Future;
use std::marker::PhantomData;

use countersign_domain::entity::{Entity, Stored};
use countersign_domain::filter::Filterable;
use countersign_domain::ids::{EnvId, random_uuid};
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Fault, IndexName, Key, Kind, Query};
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::body::{self, Number, Object};
use super::call::{Call, Reply};
use super::hal::{self, Body, Links, List};
use super::kept_answers;
use super::page::{self, Indexed, Listing, PageSize};
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::run::run;

pub use write::taken;
use write::{Edit, How, Remove, Write, WriteFacts, built, decided};

/// What is about to happen to one of its kind.
pub enum Change<'a, N> {
    /// It comes into being.
    Create(&'a N),
    /// It becomes another one.
    Replace {
        /// As it is.
        before: &'a Stored<N>,
        /// As it will be.
        after: &'a N,
    },
    /// It goes.
    Remove(&'a Stored<N>),
}

impl<'a, N> Change<'a, N> {
    /// As it will be, unless it goes.
    pub const fn after(&self) -> Option<&'a N> {
        match self {
            Self::Create(after) | Self::Replace { after, .. } => Some(after),
            Self::Remove(_) => None,
        }
    }

    /// As it is, unless it is new.
    pub const fn before(&self) -> Option<&'a Stored<N>> {
        match self {
            Self::Create(_) => None,
            Self::Replace { before, .. } | Self::Remove(before) => Some(before),
        }
    }
}

/// Where a list belongs when it is not the environment's: to what a parameter of the path names.
#[derive(Debug, Clone, Copy)]
pub struct Parent {
    /// The parameter, such as `application`.
    pub parameter: &'static str,
    /// The member that points at it, such as `application`: `{"id"}`.
    pub member: &'static str,
    /// The index by which its own are listed.
    pub index: IndexName,
}

/// A kind of thing that is managed. Its JSON is PingOne's, so that reading and writing it is serde
/// and nothing else; what is particular to it is said here.
pub trait Noun: Entity + Clone {
    /// Last step of its lists' path, and their key in `_embedded`.
    const PLURAL: &'static str;
    /// The parameter of a path that names one.
    const PARAMETER: &'static str;
    /// Members that only the server sets. `id`, `environment`, the times and links always are.
    const READ_ONLY: &'static [&'static str] = &[];
    /// Members that keep what they were created with.
    const FIXED: &'static [&'static str] = &[];
    /// Members that stay as they are when a PUT does not mention them: those of ours that PingOne's
    /// clients do not know.
    const KEPT: &'static [&'static str] = &[];
    /// Whole numbers with bounds. They are looked at before a body is read, which could only say that a
    /// negative one is of the wrong type.
    const NUMBERS: &'static [Number] = &[];
    /// Whether requests are judged by it: snapshots of the environment are made anew then.
    const IS_CONFIGURATION: bool = true;
    /// Whether some are there without being stored: see [`Noun::implied`].
    const IMPLIES: bool = false;
    /// Whether what is shown of one follows from the environment's configuration, which it is a part of,
    /// and from nothing else: not from the time, from people, or from who asks.
    const IS_SHOWN_FROM_CONFIGURATION: bool = false;
    /// To what its lists belong.
    const PARENT: Option<Parent> = None;
    /// How many items a page has; `None`: its lists are short and answered whole.
    const PAGE: Option<PageSize> = None;
    /// Kinds of documents under its id that [`Noun::show`] looks at: they are read together with it.
    const BESIDE: &'static [Kind] = &[];
    /// Attributes that an index finds, the most telling first.
    const INDEXED: &'static [Indexed] = &[];

    /// What [`Noun::judge`] needs to know besides the thing itself.
    type Facts: Send;

    /// The environment it is stored in.
    fn place(call: &Call<'_>) -> EnvId {
        call.env
    }

    /// What its lists can be filtered by.
    fn filterable(_call: &Call<'_>) -> Vec<Filterable> {
        Vec::new()
    }

    /// Those that every environment has and that are not among the `stored`. The first change of one
    /// stores it. For short lists of configuration alone, and only where [`Noun::IMPLIES`] says so.
    fn implied(_call: &Call<'_>, _stored: &[Stored<Self>]) -> Vec<Self> {
        Vec::new()
    }

    /// Whether the actor's roles reach this one. Where a role for a part of the environment counts,
    /// say so here.
    fn is_visible(&self, _call: &Call<'_>) -> bool {
        true
    }

    /// Checks what the path names before the thing itself, such as its application.
    fn enter(_call: &Call<'_>) -> impl Future<Output = Outcome<()>> + Send {
        async { Ok(()) }
    }

    /// Looks at a body as it came, before anything is taken from it.
    fn arrive(_call: &Call<'_>, _body: &mut Object) {}

    /// Completes a body before it is read: defaults that depend on something, older spellings.
    /// Nulls and read-only members are gone already; times, id and parent are set.
    fn prepare(
        _call: &Call<'_>,
        _body: &mut Object,
        _before: Option<&Self>,
    ) -> Result<(), Refused> {
        Ok(())
    }

    /// Reads what judging the change takes. Runs again after a conflict.
    fn gather<'a>(
        call: &'a Call<'a>,
        change: Change<'a, Self>,
    ) -> impl Future<Output = Outcome<Self::Facts>> + Send;

    /// Judges the change: refuses it, or adds what else becomes true with it. Pure.
    fn judge(
        call: &Call<'_>,
        change: Change<'_, Self>,
        facts: Self::Facts,
    ) -> Result<Batch, Failure>;

    /// What is answered, without links. By default what is stored.
    fn show<'a>(&'a self, _call: &'a Call<'a>) -> impl Future<Output = Outcome<Object>> + Send {
        async { object_of(self) }
    }

    /// The same, written at once where that is worth it: see [`Body::of`].
    fn body<'a>(&'a self, call: &'a Call<'a>) -> impl Future<Output = Outcome<Body>> + Send {
        async { Ok(Body::from(self.show(call).await?)) }
    }

    /// A member that is an integer without bounds, in decimal, and not part of [`Noun::show`].
    fn integer(&self) -> Option<(&'static str, &str)> {
        None
    }

    /// Adds relations to `_links`; `own` is the thing's URL.
    fn link(&self, _call: &Call<'_>, _own: &str, _links: &mut Links) {}

    /// The member that a rule of uniqueness is about.
    fn unique_member(rule: IndexName, _value: &str) -> String {
        rule.to_owned()
    }

    /// The refusal when there is none of this id.
    fn absent(_call: &Call<'_>, id: &str) -> Refused {
        Refusal::NotFound.because(format!("no {} {id}", Self::PARAMETER))
    }
}

/// The JSON of a thing.
pub fn object_of<E: Entity>(entity: &E) -> Outcome<Object> {
    match serde_json::to_value(entity) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(unwritable(entity).into()),
    }
}

/// The same, written.
pub fn body_of<E: Entity>(entity: &E) -> Outcome<Body> {
    Ok(Body::of(entity).ok_or_else(|| unwritable(entity))?)
}

fn unwritable<E: Entity>(entity: &E) -> Fault {
    Fault::Corrupt {
        key: entity.key(EnvId::PLATFORM),
        reason: "cannot be written as a JSON object".to_owned(),
    }
}

/// The one that the path names.
pub async fn named<N: Noun>(call: &Call<'_>) -> Outcome<Stored<N>> {
    let id = call.text(N::PARAMETER);
    named_as::<N>(call, id).await
}

/// The one of an id, if it is where the path says and the actor's roles reach it.
pub async fn named_as<N: Noun>(call: &Call<'_>, id: &str) -> Outcome<Stored<N>> {
    let absent = || N::absent(call, id);
    if id.parse::<uuid::Uuid>().is_err() {
        return Err(absent().into());
    }
    let found = call.load_of::<N>(N::place(call), id).await?;
    let found = match found {
        None if N::IMPLIES => all::<N>(call).await?.into_iter().find(|it| it.id() == id),
        found => found,
    };
    let found = found.ok_or_else(absent)?;
    if !is_at_home(call, &found.value)? || !found.is_visible(call) {
        return Err(absent().into());
    }
    Ok(found)
}

/// The version of one that is [implied](Noun::implied).
const NOT_STORED: u64 = 0;

/// All of a kind in the environment, for rules that look at the others. For configuration alone.
pub async fn all<N: Noun>(call: &Call<'_>) -> Outcome<Vec<Stored<N>>> {
    let mut query = Query::all(N::KIND, N::place(call), 500);
    let mut found = Vec::new();
    loop {
        let page = call.store().list(&query, call.now()).await?;
        for doc in &page.docs {
            found.push(Stored {
                value: N::from_doc(doc)?,
                version: doc.version,
            });
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    let implied = N::implied(call, &found).into_iter();
    found.extend(implied.map(|value| Stored {
        value,
        version: NOT_STORED,
    }));
    Ok(found)
}

/// All of a kind but the one that changes.
pub async fn others<N: Noun>(call: &Call<'_>, change: &Change<'_, N>) -> Outcome<Vec<Stored<N>>> {
    let mut others = all::<N>(call).await?;
    if let Some(before) = change.before() {
        let id = before.id();
        others.retain(|it| it.id() != id);
    }
    Ok(others)
}

/// All of a kind with this entry in an index, such as what belongs to something.
pub async fn all_by<E: Entity>(
    call: &Call<'_>,
    index: IndexName,
    value: impl Into<String>,
) -> Outcome<Vec<Stored<E>>> {
    let mut query = Query::equal(E::KIND, call.env, index, value, 500);
    let mut found = Vec::new();
    loop {
        let page = call.store().list(&query, call.now()).await?;
        for doc in &page.docs {
            found.push(Stored {
                value: E::from_doc(doc)?,
                version: doc.version,
            });
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(found),
        }
    }
}

/// Takes something, such as being the default, away from the others. `take` says whether it had it.
pub fn taken_from<N: Noun>(
    call: &Call<'_>,
    others: &[Stored<N>],
    take: impl Fn(&mut N) -> bool,
) -> Result<Batch, Fault> {
    let mut batch = Batch::new();
    for other in others {
        let mut former = other.value.clone();
        if take(&mut former) {
            batch = updated(batch, N::place(call), &former, other.version)?;
        }
    }
    Ok(batch)
}

/// Adds the change of one that was read with this version.
fn updated<N: Noun>(batch: Batch, env: EnvId, after: &N, version: u64) -> Result<Batch, Fault> {
    if version == NOT_STORED {
        batch.create(env, after)
    } else {
        batch.update(env, after, version)
    }
}

/// Whether it belongs to the parent in the path.
fn is_at_home<N: Noun>(call: &Call<'_>, noun: &N) -> Outcome<bool> {
    let Some(parent) = N::PARENT else {
        return Ok(true);
    };
    let object = object_of(noun)?;
    let id = object.get(parent.member).and_then(|it| it.get("id"));
    Ok(id.and_then(Value::as_str) == Some(call.text(parent.parameter)))
}

/// A thing as it is answered.
pub async fn shown<N: Noun>(call: &Call<'_>, noun: &N) -> Outcome<Body> {
    let path = call.own_path();
    let path = if call.endpoint.is_of_one(N::PARAMETER) {
        path
    } else {
        format!("{path}/{}", noun.id())
    };
    let own = call.url(&path);
    shown_at(call, noun, &own).await
}

/// The same, where the URL is not the one of the call.
pub async fn shown_at<N: Noun>(call: &Call<'_>, noun: &N, own: &str) -> Outcome<Body> {
    let mut links = Links::to(call, own);
    noun.link(call, own, &mut links);
    let mut body = noun.body(call).await?;
    if call.endpoint.is_in_environment() && N::place(call) == call.env {
        let environment = json!({ "id": call.env });
        body.members.insert("environment".into(), environment);
    }
    Ok(body.with_links(links).with_integer(noun.integer()))
}

/// `GET` of one.
pub fn read<'a, N: Noun>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    const { assert!(N::IS_CONFIGURATION || !N::IS_SHOWN_FROM_CONFIGURATION) };
    if N::IS_SHOWN_FROM_CONFIGURATION {
        Box::pin(kept_answers::reply(call, read_anew::<N>))
    } else {
        read_anew::<N>(call)
    }
}

fn read_anew<'a, N: Noun>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        N::enter(call).await?;
        let id = call.text(N::PARAMETER);
        if !N::BESIDE.is_empty() && id.parse::<uuid::Uuid>().is_ok() {
            let kinds = [N::KIND].into_iter().chain(N::BESIDE.iter().copied());
            let keys = kinds.map(|kind| Key::new(kind, N::place(call), id));
            call.read_ahead(keys.collect()).await?;
        }
        let found = named::<N>(call).await?;
        Ok(Reply::ok(shown(call, &found.value).await?))
    })
}

/// `GET` of a list.
pub fn list<'a, N: Noun>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        N::enter(call).await?;
        let env = N::place(call);
        let base = match N::PARENT {
            None => Query::all(N::KIND, env, 1),
            Some(parent) => {
                let id = call.text(parent.parameter);
                Query::equal(N::KIND, env, parent.index, id, 1)
            }
        };
        let listing = Listing {
            base,
            filter: page::filter_of(call, &N::filterable(call))?,
            indexed: N::INDEXED,
            size: N::PAGE.unwrap_or(PageSize::ALL),
        };
        let found = page::page::<N>(call, listing, |noun, _| noun.is_visible(call)).await?;
        let beside = found.items.iter().flat_map(|noun| {
            let kinds = N::BESIDE.iter();
            kinds.map(|kind| Key::new(*kind, env, noun.id()))
        });
        call.read_ahead(beside.collect()).await?;
        let items = try_join_all(found.items.iter().map(|noun| shown(call, noun))).await?;
        let list = List::page(N::PLURAL, items, found.next, found.is_all).filtered();
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

/// `POST`: creates one.
pub fn create<'a, N: Noun>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        N::enter(call).await?;
        let body = body::object(call.body)?;
        let made = create_from::<N>(call, body).await?;
        Ok(Reply::created(shown(call, &made).await?))
    })
}

/// Creates one from a body.
pub async fn create_from<N: Noun>(call: &Call<'_>, body: Object) -> Outcome<N> {
    let operation = Write::<N> {
        call,
        body,
        how: How::Create(random_uuid(&*call.cx.ports.entropy)),
        kind: PhantomData,
    };
    run(call.cx, &operation).await
}

/// A new one as a body describes it, not judged yet: for whoever creates many in one batch.
pub fn described<N: Noun>(call: &Call<'_>, body: Object, id: uuid::Uuid) -> Outcome<N> {
    built(call, body, How::Create(id), None)
}

/// The batch that creates one, judged as [`create_from`] does. Whoever commits it looks after what
/// must be unique.
pub async fn judged<N: Noun>(call: &Call<'_>, after: N) -> Outcome<Batch> {
    let facts = N::gather(call, Change::Create(&after)).await?;
    let taken = Vec::new();
    let verdict = decided(
        call,
        WriteFacts {
            before: None,
            after,
            taken,
            facts,
        },
    )?;
    verdict.reply?;
    Ok(verdict.writes)
}

/// `PUT`: what the body leaves out goes back to its default.
pub fn replace<'a, N: Noun>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        N::enter(call).await?;
        let changed = written::<N>(call, body::object(call.body)?, How::Replace).await?;
        Ok(Reply::ok(shown(call, &changed).await?))
    })
}

/// `PATCH`: what the body leaves out stays.
pub fn change<'a, N: Noun>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        N::enter(call).await?;
        let changed = change_with::<N>(call, body::object(call.body)?).await?;
        Ok(Reply::ok(shown(call, &changed).await?))
    })
}

/// Changes the one that the path names by a patch.
pub async fn change_with<N: Noun>(call: &Call<'_>, patch: Object) -> Outcome<N> {
    written::<N>(call, patch, How::Change).await
}

async fn written<N: Noun>(call: &Call<'_>, body: Object, how: How) -> Outcome<N> {
    let operation = Write::<N> {
        call,
        body,
        how,
        kind: PhantomData,
    };
    run(call.cx, &operation).await
}

/// Changes the one that the path names in place: for operations that are no PUT of a body. What
/// `edit` makes of it is judged like any other change.
pub async fn edit<N: Noun>(
    call: &Call<'_>,
    edit: impl Fn(&mut N) -> Result<(), Refused> + Sync + Send,
) -> Outcome<N> {
    let operation = Edit::<N, _> {
        call,
        by: edit,
        kind: PhantomData,
    };
    run(call.cx, &operation).await
}

/// `DELETE`.
pub fn remove<'a, N: Noun>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        N::enter(call).await?;
        let operation = Remove::<N> {
            call,
            kind: PhantomData,
        };
        run(call.cx, &operation).await?;
        Ok(Reply::gone())
    })
}
