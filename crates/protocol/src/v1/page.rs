//! Pages of lists: filter, limit, sealed cursors (`reference/platform.md` 1.4, 1.5).

mod members;
mod walk;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::entity::Entity;
use countersign_domain::filter::{self, Filter, Filterable, Unsupported};
use countersign_domain::group::GroupMembership;
use countersign_domain::ids::EnvId;
use countersign_domain::store::{Cursor, Doc, IndexName, Key, Kind, Query};
use countersign_domain::user::User;
use countersign_domain::vault::Sealed;
use serde_json::{Value, json};

pub use walk::Indexed;
use walk::{Walk, walks};

use super::call::Call;
use crate::groups::{self, Dynamic};
use crate::misfit::{Fit, Hint, Misfit};
use crate::refusal::{Outcome, Refusal, Refused};

/// Documents that one request looks at before it answers with what it has: a filter that fits
/// almost nothing costs no more than this (`threats.md` 33). The next page goes on from there.
const BUDGET: usize = 20_000;
/// The same where each document takes further look-ups.
const BUDGET_WITH_GROUPS: usize = 2_000;
/// Comparisons that it makes before, those of filters of groups included.
const COMPARISONS: usize = 500_000;
/// Bytes of documents on one page, roughly: things of some kinds may have 64 KiB each.
const BYTES: usize = 8 * 1024 * 1024;
/// Documents read at once.
const CHUNK: usize = 500;

/// The filter of the query, checked against what the list supports.
pub fn filter_of(call: &Call<'_>, known: &[Filterable]) -> Result<Option<Filter>, Refused> {
    let Some(text) = call.query.get("filter") else {
        return Ok(None);
    };
    parse_filter(text, known, "filter").map(Some)
}

/// A filter in `target`, checked.
pub fn parse_filter(
    text: &str,
    known: &[Filterable],
    target: &'static str,
) -> Result<Filter, Refused> {
    let refuse = |misfit: Misfit| {
        let why = misfit.message.clone();
        Refusal::Unfit(vec![misfit]).because(why)
    };
    let parsed = filter::parse(text)
        .map_err(|error| refuse(Misfit::new(Fit::Filter, target, error.to_string())))?;
    filter::check(parsed, known).map_err(|unsupported| {
        let (message, hint) = match unsupported {
            Unsupported::Attribute(name, names) => (
                format!("the attribute {name} cannot be filtered by"),
                Hint::Attributes(names),
            ),
            Unsupported::Operator(name, operator, operators) => (
                format!("{} cannot be used with {name}", operator.name()),
                Hint::Operators(operators.iter().map(|it| it.name()).collect()),
            ),
            Unsupported::Not(operators) => (
                "not cannot be used".to_owned(),
                Hint::Operators(operators.iter().map(|it| it.name()).collect()),
            ),
        };
        refuse(Misfit::new(Fit::Filter, target, message).hinting(hint))
    })
}

/// One page.
pub struct Found<E> {
    /// What is on it.
    pub items: Vec<E>,
    /// The URL of the next one.
    pub next: Option<String>,
    /// Whether this is all there is.
    pub is_all: bool,
}

/// What a list is made of.
pub struct Listing<'a> {
    /// The walk, before a filter narrows it.
    pub base: Query,
    /// The filter, checked.
    pub filter: Option<Filter>,
    /// Attributes that an index finds.
    pub indexed: &'a [Indexed],
    /// How many items a page has.
    pub size: PageSize,
}

/// How many items a page has.
/// Source: `reference/platform.md` 1.4.
#[derive(Debug, Clone, Copy)]
pub struct PageSize {
    /// When the query does not say.
    pub usual: usize,
    /// At most, whatever it says.
    pub most: usize,
}

impl PageSize {
    /// The whole list, unless the query asks for less.
    pub const ALL: Self = Self::of(usize::MAX);

    /// As many as may be.
    pub const fn of(most: usize) -> Self {
        Self { usual: most, most }
    }

    /// What somebody gets who asks for so many; `None` when that is no number.
    fn asked(self, limit: Option<&str>) -> Option<usize> {
        match limit.map(str::parse::<usize>) {
            None => Some(self.usual),
            Some(Ok(limit)) if limit > 0 => Some(limit.min(self.most)),
            Some(_) => None,
        }
    }
}

/// Where a page ended: on which of the walks, and behind which document of it.
#[derive(Default)]
struct Position {
    walk: usize,
    after: Option<Cursor>,
}

/// Reads the page that the query asks for. `keep` leaves out what the actor may not see.
pub async fn page<E: Entity>(
    call: &Call<'_>,
    listing: Listing<'_>,
    keep: impl Fn(&E, &Value) -> bool + Send,
) -> Outcome<Found<E>> {
    let limit = limit(call, listing.size)?;
    let mut walks = walks(listing.base, listing.filter.as_ref(), listing.indexed);
    if let Some(filter) = &listing.filter
        && E::KIND == User::KIND
        && !walks.iter().any(|it| it.is_narrow)
        && let Some(query) = members::walk(call, filter).await?
    {
        walks = Walk::only(query, true);
    }
    let is_first = call.query.get("cursor").is_none();
    let owner = cursor_owner::<E>(call);
    let mut from = open_cursor(call, &owner)?.unwrap_or_default();
    let mut items = Vec::new();
    let (mut looked_at, mut compared, mut bytes) = (0, 0, 0);
    let mut dynamic = Dynamic::default();
    let of_filter = listing.filter.as_ref().map_or(0, Filter::comparisons);
    let budget = match &listing.filter {
        Some(filter) if looks_at_groups(filter) => BUDGET_WITH_GROUPS,
        _ => BUDGET,
    };
    let next = 'walk: loop {
        // One walk after the other, and the end behind the last.
        let Some(walk) = walks.get(from.walk) else {
            break None;
        };
        let mut query = walk.query.clone();
        query.after = from.after;
        let chunk = limit.saturating_sub(items.len()).clamp(1, CHUNK);
        // A filter may drop most of a chunk: do not walk in steps of one.
        let chunk = if listing.filter.is_some() {
            CHUNK
        } else {
            chunk
        };
        query.limit = u32::try_from(chunk).unwrap_or(u32::MAX);
        let page = call.store().list(&query, call.now()).await?;
        looked_at += page.docs.len();
        let docs = if query.kind == GroupMembership::KIND {
            members::users(call, page.docs).await?
        } else {
            page.docs.into_iter().map(|doc| (None, doc)).collect()
        };
        let last = docs.len().saturating_sub(1);
        for (at, (position, doc)) in docs.into_iter().enumerate() {
            let entity = E::from_doc(&doc)?;
            let json = match &listing.filter {
                Some(filter) => {
                    let json = seen(call, &doc, filter, &mut dynamic).await?;
                    compared += of_filter + dynamic.comparisons(&json);
                    json
                }
                None => Value::Null,
            };
            let fits = listing.filter.as_ref();
            let fits = fits.is_none_or(|it| filter::matches(it, &json));
            let fits = fits && !walk.repeats(&json) && keep(&entity, &json);
            let is_spent = compared >= COMPARISONS;
            if !fits && !is_spent {
                continue;
            }
            let position = position.unwrap_or_else(|| position_of(&entity, query.index));
            if fits {
                bytes += doc.body.len();
                items.push(entity);
            }
            let is_full = items.len() >= limit || bytes >= BYTES || is_spent;
            let is_last = at == last && page.next.is_none() && from.walk + 1 == walks.len();
            if is_full && !is_last {
                break 'walk Some(Position {
                    walk: from.walk,
                    after: Some(position),
                });
            }
        }
        from = match page.next {
            Some(next) => Position {
                walk: from.walk,
                after: Some(next),
            },
            None => Position {
                walk: from.walk + 1,
                after: None,
            },
        };
        if looked_at >= budget && from.walk < walks.len() {
            break Some(from);
        }
    };
    let is_all = is_first && next.is_none();
    let next = match next {
        Some(position) => Some(next_url(call, &owner, &position)?),
        None => None,
    };
    Ok(Found {
        items,
        next,
        is_all,
    })
}

/// A document as filters see it.
async fn seen(
    call: &Call<'_>,
    doc: &Doc,
    filter: &Filter,
    dynamic: &mut Dynamic,
) -> Outcome<Value> {
    let mut json = serde_json::from_str(&doc.body).unwrap_or_default();
    if doc.key.kind == User::KIND {
        groups::lift_custom(&mut json);
        if let (true, Ok(id)) = (looks_at_groups(filter), doc.key.id.parse()) {
            let of_user = groups::of_one(call.cx, id, &json, dynamic).await?;
            let of_user = of_user.iter().map(|id| json!({ "id": id })).collect();
            if let Value::Object(user) = &mut json {
                user.insert("memberOfGroups".into(), of_user);
            }
        }
    }
    Ok(json)
}

/// Whether a filter asks which groups somebody is in.
fn looks_at_groups(filter: &Filter) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().any(looks_at_groups),
        Filter::Not(part) => looks_at_groups(part),
        Filter::Member { attribute, .. } => attribute == "memberOfGroups",
        Filter::Compare(_) => false,
    }
}

fn position_of<E: Entity>(entity: &E, index: Option<IndexName>) -> Cursor {
    let entries = entity.indexes().into_iter();
    let value = index.and_then(|name| entries.into_iter().find(|it| it.name == name));
    Cursor {
        value: value.map(|it| it.value).unwrap_or_default(),
        id: entity.id(),
    }
}

/// How many items the query asks for.
pub fn limit(call: &Call<'_>, size: PageSize) -> Result<usize, Refused> {
    let asked = size.asked(call.query.get("limit"));
    asked.ok_or_else(|| parameter("limit", "must be a number greater than 0"))
}

fn parameter(name: &'static str, message: &'static str) -> Refused {
    let misfit = Misfit::new(Fit::Parameter, name, message);
    Refusal::Unfit(vec![misfit]).because(message)
}

/// Where a list of what is no document goes on: the id that the last page ended with.
pub fn resumed(call: &Call<'_>, kind: Kind) -> Result<Option<String>, Refused> {
    let position = open_cursor(call, &owner_of(call, kind))?;
    Ok(position.and_then(|it| it.after).map(|it| it.id))
}

/// The URL of the page behind an id.
pub fn next(call: &Call<'_>, kind: Kind, id: &str) -> Outcome<String> {
    let position = Position {
        walk: 0,
        after: Some(Cursor {
            value: String::new(),
            id: id.to_owned(),
        }),
    };
    next_url(call, &owner_of(call, kind), &position)
}

fn cursor_owner<E: Entity>(call: &Call<'_>) -> Key {
    owner_of(call, E::KIND)
}

/// What a cursor is sealed for: this list, this filter, this environment, and nothing else
/// (`threats.md` 40).
fn owner_of(call: &Call<'_>, kind: Kind) -> Key {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    context.update(call.own_path().as_bytes());
    context.update(b"\0");
    context.update(call.query.get("filter").unwrap_or_default().as_bytes());
    let digest = URL_SAFE_NO_PAD.encode(context.finish());
    let env = if call.env == EnvId::PLATFORM {
        call.actor.home
    } else {
        call.env
    };
    Key::new(kind, env, format!("cursor/{digest}"))
}

fn open_cursor(call: &Call<'_>, owner: &Key) -> Result<Option<Position>, Refused> {
    let Some(text) = call.query.get("cursor") else {
        return Ok(None);
    };
    let bad = || parameter("cursor", "is not a cursor of this list");
    let sealed: Sealed = serde_json::from_value(Value::from(text)).map_err(|_| bad())?;
    let opened = call.cx.ports.vault.open(owner, &sealed);
    let opened = opened.map_err(|_| bad())?;
    let (walk, after): (_, Option<(_, _)>) = serde_json::from_slice(&opened).map_err(|_| bad())?;
    let after = after.map(|(value, id)| Cursor { value, id });
    Ok(Some(Position { walk, after }))
}

/// The whole URL of the next page, for clients follow it as it is.
fn next_url(call: &Call<'_>, owner: &Key, position: &Position) -> Outcome<String> {
    const BROKEN: countersign_domain::store::Fault =
        countersign_domain::store::Fault::Crypto("a cursor cannot be written");
    let after = position.after.as_ref().map(|it| (&it.value, &it.id));
    let text = serde_json::to_vec(&(position.walk, after)).map_err(|_| BROKEN)?;
    let ports = &call.cx.ports;
    let sealed = ports.vault.seal(owner, &text, &*ports.entropy)?;
    let sealed = serde_json::to_value(&sealed).map_err(|_| BROKEN)?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in call.query.iter().filter(|(name, _)| *name != "cursor") {
        query.append_pair(name, value);
    }
    query.append_pair("cursor", sealed.as_str().unwrap_or_default());
    Ok(format!("{}?{}", call.url(&call.own_path()), query.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_what_is_asked_for_as_far_as_it_goes() {
        let size = PageSize {
            usual: 1_000,
            most: 5_000,
        };
        let asked = |limit| size.asked(limit);
        assert_eq!(asked(None), Some(1_000));
        assert_eq!(asked(Some("1")), Some(1));
        assert_eq!(asked(Some("4999")), Some(4_999));
        assert_eq!(asked(Some("9999")), Some(5_000));
        for bad in ["0", "-1", "", "many", "1e3"] {
            assert_eq!(asked(Some(bad)), None, "{bad}");
        }
    }
}
