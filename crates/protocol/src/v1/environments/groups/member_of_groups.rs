//! `/v1/environments/{e}/groups/{g}/memberOfGroups` and `/users/{u}/memberOfGroups`
//! (`reference/platform.md` 3.8).

use std::collections::BTreeSet;

use countersign_domain::entity::{Entity, Stored};
use countersign_domain::filter::{self, Filterable, Operator};
use countersign_domain::group::{Group, GroupMembership, GroupNesting};
use countersign_domain::ids::{EnvId, GroupId};
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::{Ref, fold};
use countersign_domain::store::{Batch, Entries, Fault, Key, Postcondition, Precondition};
use countersign_domain::user::User;
use serde::Deserialize;
use serde_json::json;

use crate::cx::Cx;
use crate::groups::{self, Above};
use crate::misfit::Misfit;
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links, List};
use crate::v1::noun::{self, Noun};
use crate::v1::page::{self, PageSize};
use crate::v1::privilege;
use crate::v1::route::{Endpoint, Narrow, Resource};

const READ: &str = "groups:read";
const WRITE: &str = "groups:update";
const OF_USER: &str = "/environments/{environment}/users/{user}/memberOfGroups";
const ONE_OF_USER: &str = "/environments/{environment}/users/{user}/memberOfGroups/{parent}";
const OF_GROUP: &str = "/environments/{environment}/groups/{group}/memberOfGroups";
const ONE_OF_GROUP: &str = "/environments/{environment}/groups/{group}/memberOfGroups/{parent}";

/// `memberOfGroups`
pub const RESOURCE: Resource = Resource {
    name: "groupMemberships",
    endpoints: &[
        Endpoint::get(OF_USER, READ, list).narrow(Narrow::Population),
        Endpoint::post(OF_USER, WRITE, join).narrow(Narrow::Population),
        Endpoint::get(ONE_OF_USER, READ, read).narrow(Narrow::Population),
        Endpoint::delete(ONE_OF_USER, WRITE, leave).narrow(Narrow::Population),
        Endpoint::get(OF_GROUP, READ, list).narrow(Narrow::Population),
        Endpoint::post(OF_GROUP, WRITE, join).narrow(Narrow::Population),
        Endpoint::get(ONE_OF_GROUP, READ, read).narrow(Narrow::Population),
        Endpoint::delete(ONE_OF_GROUP, WRITE, leave).narrow(Narrow::Population),
    ],
};

/// Who is, or becomes, a member.
enum Member {
    User(Box<Stored<User>>),
    Group(Box<Stored<Group>>),
}

impl Member {
    async fn named(call: &Call<'_>) -> Outcome<Self> {
        Ok(if call.text("user").is_empty() {
            Self::Group(Box::new(noun::named::<Group>(call).await?))
        } else {
            Self::User(Box::new(noun::named::<User>(call).await?))
        })
    }

    /// The groups it is in, directly and altogether.
    async fn groups(&self, call: &Call<'_>) -> Outcome<(BTreeSet<GroupId>, BTreeSet<GroupId>)> {
        let all = match self {
            Self::User(user) => groups::of_user(call.cx, user.id).await?,
            Self::Group(group) => groups::above(call.cx, [group.id]).await?.groups,
        };
        let mut direct = BTreeSet::new();
        for id in &all {
            if call
                .store()
                .get(&self.key(call, *id), call.now())
                .await?
                .is_some()
            {
                direct.insert(*id);
            }
        }
        Ok((direct, all))
    }

    fn key(&self, call: &Call<'_>, parent: GroupId) -> Key {
        match self {
            Self::User(user) => {
                let id = GroupMembership::id_of(user.id, parent);
                Key::new(GroupMembership::KIND, call.env, id)
            }
            Self::Group(group) => GroupNesting {
                child: Ref::to(group.id),
                parent: Ref::to(parent),
            }
            .key(call.env),
        }
    }
}

fn shown(call: &Call<'_>, group: &Group, is_direct: bool) -> Outcome<Body> {
    let path = call.own_path();
    let path = if call.text("parent").is_empty() {
        format!("{path}/{}", group.id)
    } else {
        path
    };
    let mut links = Links::to(call, &call.url(&path));
    let all = call.fill("/environments/{environment}/groups");
    links.add("group", call.url(&format!("{all}/{}", group.id)));
    let mut object = Object::new();
    object.insert("id".into(), json!(group.id));
    object.insert("name".into(), json!(group.name));
    let kind = if is_direct { "DIRECT" } else { "INDIRECT" };
    object.insert("type".into(), json!(kind));
    object.insert("environment".into(), json!({ "id": call.env }));
    // That somebody is in a group is told of them, wherever the group is; the group is not theirs.
    if call.asks_for("expand", "group") && group.is_visible(call) {
        let group = noun::object_of(group)?;
        object.insert("_embedded".into(), json!({ "group": group }));
    }
    Ok(hal::resource(links, object))
}

/// `GET`: by id, a page at a time.
fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    const EQ: &[Operator] = &[Operator::Eq];
    Box::pin(async move {
        let known = ["id", "name", "group.id", "group.name", "type"];
        let known = known.map(|name| Filterable::new(name, EQ));
        let wanted = page::filter_of(call, &known)?;
        let limit = page::limit(call, Group::PAGE.unwrap_or(PageSize::ALL))?;
        let after = page::resumed(call, GroupMembership::KIND)?;
        let member = Member::named(call).await?;
        let (direct, all) = member.groups(call).await?;
        let is_left = |id: &GroupId| after.as_ref().is_none_or(|after| id.to_string() > *after);
        let mut items = Vec::new();
        let mut next = None;
        let mut end = String::new();
        for id in all.into_iter().filter(is_left) {
            let Some(group) = call.load::<Group>(id).await? else {
                continue;
            };
            let item = shown(call, &group, direct.contains(&id))?;
            let mut seen = item.to_value();
            if let Some(seen) = seen.as_object_mut() {
                seen.insert("group".into(), json!(group.value));
            }
            let fits = wanted.as_ref();
            let fits = fits.is_none_or(|it| filter::matches(it, &seen));
            if !fits {
                continue;
            }
            if items.len() == limit {
                next = Some(page::next(call, GroupMembership::KIND, &end)?);
                break;
            }
            items.push(item);
            end = id.to_string();
        }
        let is_all = after.is_none() && next.is_none();
        let list = List::page("groupMemberships", items, next, is_all).filtered();
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let parent: GroupId = call.id("parent")?;
        let (direct, all) = Member::named(call).await?.groups(call).await?;
        let group = call.load::<Group>(parent).await?;
        match group.filter(|_| all.contains(&parent)) {
            Some(group) => {
                let is_direct = direct.contains(&parent);
                Ok(Reply::ok(shown(call, &group, is_direct)?))
            }
            None => Err(Refusal::NotFound.because("not a member").into()),
        }
    })
}

fn wrong(misfit: Misfit) -> Refused {
    let why = format!("{}: {}", misfit.target, misfit.message);
    Refusal::Unfit(vec![misfit]).because(why)
}

/// `POST`: `{id}` of the group to be in.
fn join<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    #[derive(Deserialize)]
    struct Given {
        id: GroupId,
    }
    Box::pin(async move {
        let given: Given =
            body::read(body::without_nulls(body::object(call.body)?)).map_err(wrong)?;
        let group = run(call.cx, &Join { call, id: given.id }).await?;
        Ok(Reply::created(shown(call, &group, true)?))
    })
}

struct Join<'a> {
    call: &'a Call<'a>,
    id: GroupId,
}

struct Facts {
    member: Member,
    group: Option<Group>,
    is_member: bool,
    has_namesake: bool,
    /// What leads up from the group, where a group is to be its member.
    above: Above,
}

impl Operation for Join<'_> {
    type Facts = Facts;
    type Reply = Group;

    async fn gather(&self, _cx: &Cx) -> Outcome<Facts> {
        let call = self.call;
        let member = Member::named(call).await?;
        let group = call.load::<Group>(self.id).await?.map(|it| it.value);
        let group = group.filter(|it| it.is_visible(call));
        if group.is_some() {
            privilege::over_group(call, self.id).await?;
        }
        let (direct, all) = member.groups(call).await?;
        let mut has_namesake = false;
        if let Some(group) = &group {
            for id in all.iter().filter(|id| **id != self.id) {
                let other = call.load::<Group>(*id).await?;
                has_namesake |= other.is_some_and(|it| fold(&it.name) == fold(&group.name));
            }
        }
        let above = match &member {
            Member::Group(_) => groups::steps_above(call.cx, self.id).await?,
            Member::User(_) => Above::new(),
        };
        Ok(Facts {
            is_member: direct.contains(&self.id),
            member,
            group,
            has_namesake,
            above,
        })
    }

    fn decide(&self, _cx: &Cx, facts: Facts) -> Result<Verdict<Group>, Fault> {
        let refuse = |misfit: Misfit| Ok(Verdict::refuse(wrong(misfit)));
        let Some(group) = facts.group else {
            return refuse(Misfit::invalid("id", "no group has this id"));
        };
        if facts.is_member {
            return refuse(Misfit::taken("id"));
        }
        let env = self.call.env;
        let outside = "the member is outside the group's population";
        let batch = match &facts.member {
            Member::User(user) => {
                if group.population.is_some_and(|it| it != user.population) {
                    return refuse(Misfit::constraint("id", outside));
                }
                // Source: `reference/platform.md` 3.8.
                if facts.has_namesake {
                    let message = "the user is in another group of this name";
                    return refuse(Misfit::constraint("id", message));
                }
                // Whoever moves the user at the same moment finds this membership, or this user is
                // not as it was read.
                Batch::new()
                    .require(Precondition::Version(user.key(env), user.version))
                    .create(env, &GroupMembership::of(user.id, &group))?
            }
            Member::Group(child) => {
                if facts.above.contains_key(&child.id) {
                    let message = "a group cannot be a member of itself";
                    return refuse(Misfit::constraint("id", message));
                }
                if group.population.is_some() && group.population != child.population {
                    return refuse(Misfit::constraint("id", outside));
                }
                let nesting = GroupNesting {
                    child: Ref::to(child.id),
                    parent: Ref::to(group.id),
                };
                unmoved(env, &facts.above).create(env, &nesting)?
            }
        };
        Ok(Verdict::reply(group).writing(batch))
    }
}

/// That the groups above are nested as they were found: nobody closes a circle at the same moment.
fn unmoved(env: EnvId, above: &Above) -> Batch {
    let mut batch = Batch::new();
    for (group, parents) in above {
        let key = Key::new(Group::KIND, env, group.to_string());
        let nestings = parents.iter().map(|parent| GroupNesting {
            child: Ref::to(*group),
            parent: Ref::to(*parent),
        });
        let (kind, index) = (GroupNesting::KIND, GroupNesting::BY_CHILD);
        let entries = Entries::equal(kind, env, index, group.to_string());
        let most = u32::try_from(parents.len()).unwrap_or(u32::MAX);
        batch = batch
            .require(Precondition::Present(key))
            .resting_on(nestings.map(|it| it.key(env)))
            .ensure(Postcondition::AtMost(entries, most));
    }
    batch
}

/// `DELETE`
fn leave<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        run(call.cx, &Leave { call }).await?;
        Ok(Reply::gone())
    })
}

struct Leave<'a> {
    call: &'a Call<'a>,
}

impl Operation for Leave<'_> {
    type Facts = (Key, bool, bool);
    type Reply = ();

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        let call = self.call;
        let parent: GroupId = call.id("parent")?;
        let member = Member::named(call).await?;
        let (direct, all) = member.groups(call).await?;
        let group = call.load::<Group>(parent).await?;
        if group.is_some_and(|it| !it.is_visible(call)) {
            let why = "the group is outside the actor's populations";
            return Err(Refusal::NotFound.because(why).into());
        }
        // What takes roles away needs them, as taking the roles away themselves does.
        privilege::over_group(call, parent).await?;
        let key = member.key(call, parent);
        Ok((key, direct.contains(&parent), all.contains(&parent)))
    }

    /// Source: `reference/platform.md` 3.8: what comes from a filter or from nesting cannot be
    /// removed here.
    fn decide(&self, _cx: &Cx, facts: Self::Facts) -> Result<Verdict<()>, Fault> {
        let (key, is_direct, is_member) = facts;
        if is_direct {
            return Ok(Verdict::reply(()).writing(Batch::new().delete(key)));
        }
        if is_member {
            let message = "An indirect membership cannot be removed";
            let misfit = Misfit::constraint("", message);
            let refusal = Refusal::NotNow(None, vec![misfit]);
            return Ok(Verdict::refuse(refusal.because(message)));
        }
        Ok(Verdict::refuse(Refusal::NotFound.because("not a member")))
    }
}
