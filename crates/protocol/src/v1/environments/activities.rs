//! `/v1/environments/{e}/activities`: the audit log (`reference/platform.md` 1.5, `flows.md` 13).

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::environment::Environment;
use countersign_domain::filter::{self, Filter, Filterable, Operator};
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Event, Fault};
use countersign_domain::time::Time;
use serde_json::{Map, Value, json};

use crate::audit::{Activity, Party, show};
use crate::misfit::{Fit, Misfit};
use crate::refusal::{Outcome, Refusal, Refused};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links, List};
use crate::v1::page::{self, PageSize};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/activities";
const ONE: &str = "/environments/{environment}/activities/{activity}";
const READ: &str = "activities:read";

/// Most events of a page, and how many there are when none are asked for.
const MOST: usize = 1_000;
const USUAL: usize = 100;
/// Events that one request looks at before it answers with what it has (`threats.md` 33).
const BUDGET: usize = 10_000;
const CHUNK: u32 = 500;

/// `/environments/{e}/activities`
pub const RESOURCE: Resource = Resource {
    name: "activities",
    endpoints: &[
        Endpoint::get(ALL, READ, list),
        Endpoint::get(ONE, READ, read),
    ],
};

const RECORDED: &str = "recordedat";

/// What the log can be filtered by.
///
/// Source: `reference/platform.md` 1.5.
fn filterable() -> Vec<Filterable> {
    const RANGE: &[Operator] = &[Operator::Ge, Operator::Gt, Operator::Le, Operator::Lt];
    const EQUAL: &[Operator] = &[Operator::Eq];
    let equal = [
        "correlationid",
        "actors.client.id",
        "actors.user.id",
        "actors.user.name",
        "resources.id",
        "resources.type",
        "resources.population.id",
        "action.type",
    ];
    let equal = equal.into_iter().map(|name| Filterable::new(name, EQUAL));
    equal.chain([Filterable::new(RECORDED, RANGE)]).collect()
}

/// The attributes of an event as filters name them.
fn attributes(activity: &Activity) -> Value {
    let user = activity.actors.user.as_ref();
    let of_resources = |get: fn(&Party) -> Option<String>| -> Vec<String> {
        activity.resources.iter().filter_map(get).collect()
    };
    json!({
        RECORDED: activity.recorded_at.millis(),
        "correlationid": activity.correlation_id,
        "actors.client.id": activity.actors.client.as_ref().map(|client| &client.id),
        "actors.user.id": user.map(|user| &user.id),
        "actors.user.name": user.and_then(|user| user.name.as_ref()),
        "resources.id": of_resources(|it| Some(it.id.clone())),
        "resources.type": of_resources(|it| Some(it.type_.clone())),
        "resources.population.id": of_resources(|it| Some(it.population?.id.to_string())),
        "action.type": activity.action.type_,
    })
}

/// Times as numbers, however they are written.
fn with_times(filter: Filter) -> Result<Filter, Refused> {
    let each = |parts: Vec<Filter>| -> Result<Vec<Filter>, Refused> {
        parts.into_iter().map(with_times).collect()
    };
    Ok(match filter {
        Filter::And(parts) => Filter::And(each(parts)?),
        Filter::Or(parts) => Filter::Or(each(parts)?),
        Filter::Not(part) => Filter::Not(Box::new(with_times(*part)?)),
        Filter::Compare(mut it) if it.attribute == RECORDED => {
            let time = it.value.as_str().and_then(|text| text.parse::<Time>().ok());
            let Some(time) = time else {
                let why = "recordedat is compared with a time such as 2026-01-31T00:00:00Z";
                let misfit = Misfit::new(Fit::Filter, "filter", why);
                return Err(Refusal::Unfit(vec![misfit]).because(why));
            };
            it.value = json!(time.millis());
            Filter::Compare(it)
        }
        other @ (Filter::Compare(_) | Filter::Member { .. }) => other,
    })
}

/// From when, and until before when, events can fit: what the walk is limited to.
fn bounds(filter: Option<&Filter>) -> (Time, Time) {
    let (mut from, mut to) = (i64::MIN, i64::MAX);
    let mut narrow = |filter: &Filter| {
        let Filter::Compare(it) = filter else { return };
        let (true, Some(millis)) = (it.attribute == RECORDED, it.value.as_i64()) else {
            return;
        };
        match it.operator {
            Operator::Ge => from = from.max(millis),
            Operator::Gt => from = from.max(millis.saturating_add(1)),
            Operator::Lt => to = to.min(millis),
            Operator::Le => to = to.min(millis.saturating_add(1)),
            Operator::Eq
            | Operator::Ne
            | Operator::Co
            | Operator::Sw
            | Operator::Ew
            | Operator::Pr => {}
        }
    };
    match filter {
        Some(Filter::And(parts)) => parts.iter().for_each(narrow),
        Some(filter) => narrow(filter),
        None => {}
    }
    (Time::from_millis(from), Time::from_millis(to))
}

/// Decision: the oldest first; PingOne's order is not documented, and whoever asks for what came
/// after a time wants it in order.
fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let filter = page::filter_of(call, &filterable())?;
        let filter = filter.map(with_times).transpose()?;
        let (from, to) = bounds(filter.as_ref());
        let most = page::limit(call, PageSize::of(MOST))?;
        let limit = if call.query.get("limit").is_some() {
            most
        } else {
            USUAL
        };
        let mut after = page::resumed(call, kinds::ENVIRONMENT)?;
        let (mut items, mut seen) = (Vec::new(), 0);
        let next = 'walk: loop {
            let position = after.as_deref();
            let (store, env) = (call.store(), call.env);
            let events = store.events(env, from, to, position, CHUNK).await?;
            let is_end = events.len() < usize::try_from(CHUNK).unwrap_or(usize::MAX);
            for event in &events {
                if items.len() >= limit {
                    break 'walk after;
                }
                after = Some(event.id.clone());
                let Some(activity) = Activity::from_event(event) else {
                    continue;
                };
                let fits = filter.as_ref();
                if fits.is_none_or(|it| filter::matches(it, &attributes(&activity))) {
                    items.push(shown(call, &activity));
                }
            }
            seen += events.len();
            if is_end {
                break None;
            }
            if seen >= BUDGET {
                break after;
            }
        };
        let next = match next {
            Some(id) => Some(page::next(call, kinds::ENVIRONMENT, &id)?),
            None => None,
        };
        let list = List::page("activities", items, next, false).filtered();
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let id: uuid::Uuid = call.id("activity")?;
        let event = find(call, id).await?;
        let activity = event.as_ref().and_then(Activity::from_event);
        let activity = activity.ok_or_else(|| Refusal::NotFound.because("no such activity"))?;
        Ok(Reply::ok(shown(call, &activity)))
    })
}

/// The event of an id, which says when it happened.
async fn find(call: &Call<'_>, id: uuid::Uuid) -> Result<Option<Event>, Fault> {
    let Some(at) = id.get_timestamp() else {
        return Ok(None);
    };
    let (seconds, nanos) = at.to_unix();
    let millis = i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX);
    let at = Time::from_millis(millis.saturating_add(i64::from(nanos / 1_000_000)));
    let until = Time::from_millis(at.millis().saturating_add(1));
    let mut after = None;
    loop {
        let events = call
            .store()
            .events(call.env, at, until, after.as_deref(), CHUNK);
        let events = events.await?;
        let Some(last) = events.last() else {
            return Ok(None);
        };
        after = Some(last.id.clone());
        let id = id.to_string();
        if let Some(found) = events.into_iter().find(|event| event.id == id) {
            return Ok(Some(found));
        }
    }
}

fn shown(call: &Call<'_>, activity: &Activity) -> Body {
    let place = call.fill(ALL);
    let links = Links::to(call, &call.url(&format!("{place}/{}", activity.id)));
    let body = show::activity(call.cx.env.urls.api(), activity);
    let body = match body {
        Value::Object(body) => body,
        _ => Map::new(),
    };
    hal::resource(links, body)
}

/// Cursors of this list are sealed under the kind of what it belongs to: events have none.
const _: () = assert!(Environment::KIND.number == kinds::ENVIRONMENT.number);

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Filter, Refused> {
        page::parse_filter(text, &filterable(), "filter").and_then(with_times)
    }

    #[test]
    fn a_range_of_times_limits_the_walk() {
        let filter = parsed(
            "recordedat ge \"1970-01-01T00:00:01Z\" and recordedAt lt \"1970-01-01T00:00:02.000Z\"",
        )
        .unwrap();
        let (from, to) = bounds(Some(&filter));
        assert_eq!((from.millis(), to.millis()), (1_000, 2_000));
        let filter = parsed("recordedat gt \"1970-01-01T00:00:01Z\"").unwrap();
        assert_eq!(bounds(Some(&filter)).0.millis(), 1_001);
        let either =
            parsed("recordedat gt \"1970-01-01T00:00:01Z\" or action.type eq \"USER.CREATED\"");
        assert_eq!(bounds(Some(&either.unwrap())).0.millis(), i64::MIN);
    }

    #[test]
    fn what_is_no_time_or_no_attribute_is_refused() {
        for bad in [
            "recordedat gt \"yesterday\"",
            "recordedat eq \"1970-01-01T00:00:01Z\"",
            "action.description eq \"x\"",
            "actors.user.name sw \"a\"",
        ] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }
}
