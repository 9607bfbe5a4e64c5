//! What happens with one of a kind that is written: gathered, judged, put into a batch.

use std::marker::PhantomData;

use countersign_domain::entity::Stored;
use countersign_domain::ids::EnvId;
use countersign_domain::store::{Batch, Fault, IndexEntry, Precondition, Unique};
use serde_json::json;

use super::{Change, Noun, named, object_of, updated};
use crate::cx::Cx;
use crate::misfit::{Fit, Misfit};
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict};
use crate::v1::body::{self, Check, Object};
use crate::v1::call::Call;

/// How a body becomes a thing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Create(uuid::Uuid),
    Replace,
    Change,
}

/// POST, PUT or PATCH of a body.
pub(super) struct Write<'a, N> {
    pub(super) call: &'a Call<'a>,
    pub(super) body: Object,
    pub(super) how: How,
    pub(super) kind: PhantomData<fn() -> N>,
}

/// What a write needs to know.
pub(super) struct WriteFacts<N: Noun> {
    pub(super) before: Option<Stored<N>>,
    pub(super) after: N,
    pub(super) taken: Vec<Misfit>,
    pub(super) facts: N::Facts,
}

impl<N: Noun> Operation for Write<'_, N> {
    type Facts = WriteFacts<N>;
    type Reply = N;

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        let call = self.call;
        let before = match self.how {
            How::Create(_) => None,
            How::Replace | How::Change => Some(named::<N>(call).await?),
        };
        let after = built(call, self.body.clone(), self.how, before.as_ref())?;
        if !after.is_visible(call) {
            let why = "the actor's roles do not reach where it would be";
            return Err(Refusal::Forbidden.because(why).into());
        }
        let taken = taken(call, &after).await?;
        let change = match &before {
            None => Change::Create(&after),
            Some(before) => Change::Replace {
                before,
                after: &after,
            },
        };
        let facts = N::gather(call, change).await?;
        Ok(WriteFacts {
            before,
            after,
            taken,
            facts,
        })
    }

    fn decide(&self, _cx: &Cx, facts: WriteFacts<N>) -> Result<Verdict<N>, Fault> {
        decided(self.call, facts)
    }
}

/// Judges a write and puts its batch together.
pub(super) fn decided<N: Noun>(call: &Call<'_>, facts: WriteFacts<N>) -> Result<Verdict<N>, Fault> {
    let WriteFacts {
        before,
        after,
        taken,
        facts,
    } = facts;
    let env = N::place(call);
    if !taken.is_empty() {
        let why = "a value that must be unique is taken, or too long";
        return Ok(Verdict::refuse(Refusal::Unfit(taken).because(why)));
    }
    let change = match &before {
        None => Change::Create(&after),
        Some(before) => Change::Replace {
            before,
            after: &after,
        },
    };
    let more = match N::judge(call, change, facts) {
        Ok(more) => more,
        Err(Failure::Refused(refused)) => return Ok(Verdict::refuse(refused)),
        Err(Failure::Fault(fault)) => return Err(fault),
    };
    let batch = match &before {
        None => Batch::new().create(env, &after)?,
        Some(before) => {
            let held = before.rests_on(env);
            let new = after.rests_on(env).into_iter();
            let new = new.filter(|key| !held.contains(key));
            updated(Batch::new(), env, &after, before.version)?.resting_on(new)
        }
    };
    Ok(Verdict::reply(after).writing(marked::<N>(batch.and(more), env)))
}

pub(super) fn marked<N: Noun>(batch: Batch, env: EnvId) -> Batch {
    if N::IS_CONFIGURATION {
        batch.changed(env)
    } else {
        batch
    }
}

/// The thing that a body describes.
pub(super) fn built<N: Noun>(
    call: &Call<'_>,
    body: Object,
    how: How,
    before: Option<&Stored<N>>,
) -> Outcome<N> {
    let mut old = match before {
        Some(before) => object_of(&before.value)?,
        None => Object::new(),
    };
    let mut body = body::writable(body, N::READ_ONLY);
    N::arrive(call, &mut body);
    let now = json!(call.now());
    let mut made = match how {
        How::Create(id) => {
            let mut made = body::without_nulls(body);
            made.insert("id".into(), json!(id));
            made.insert("createdAt".into(), now.clone());
            made
        }
        How::Replace => {
            let mut made = body::without_nulls(body);
            let kept = N::KEPT.iter().filter(|name| !made.contains_key(**name));
            let kept: Vec<&str> = kept.copied().collect();
            let fixed = N::FIXED.iter().chain(N::READ_ONLY).copied();
            for name in fixed.chain(kept).chain(["id", "createdAt"]) {
                match old.remove(name) {
                    Some(value) => made.insert(name.to_owned(), value),
                    None => made.remove(name),
                };
            }
            made
        }
        How::Change => {
            let mut patch = body;
            for name in N::FIXED {
                patch.remove(*name);
            }
            body::merge(&mut old, patch);
            old
        }
    };
    made.insert("updatedAt".into(), now);
    if let Some(parent) = N::PARENT {
        let id = call.text(parent.parameter);
        made.insert(parent.member.to_owned(), json!({ "id": id }));
    }
    N::prepare(call, &mut made, before.map(|it| &it.value))?;
    let mut check = Check::new();
    check.numbers(&made, N::NUMBERS);
    check.finish()?;
    body::read(made).map_err(|misfit| {
        let why = format!("{}: {}", misfit.target, misfit.message);
        Refusal::Unfit(vec![misfit]).because(why).into()
    })
}

/// Which of its values it cannot have: those that others have already, and those that no index can
/// hold (the limit is in bytes, those of members are in characters). A race is decided by the
/// store's own rule; it leads back here.
pub async fn taken<N: Noun>(call: &Call<'_>, after: &N) -> Outcome<Vec<Misfit>> {
    let mut taken = Vec::new();
    let too_long = |member: String| Misfit::new(Fit::TooLong, member, "is too long");
    for entry in after.indexes() {
        if entry.value.len() > IndexEntry::MAX_VALUE {
            taken.push(too_long(entry.name.to_owned()));
        }
    }
    for (rule, value) in after.uniques() {
        let member = N::unique_member(rule, &value);
        if value.len() > IndexEntry::MAX_VALUE {
            taken.push(too_long(member));
            continue;
        }
        let unique = Unique::new(N::KIND, N::place(call), rule, value);
        let holder = call.store().get_by(&unique, call.now()).await?;
        if holder.is_some_and(|doc| doc.key.id != after.id()) {
            taken.push(Misfit::taken(member));
        }
    }
    Ok(taken)
}

/// DELETE.
pub(super) struct Remove<'a, N> {
    pub(super) call: &'a Call<'a>,
    pub(super) kind: PhantomData<fn() -> N>,
}

impl<N: Noun> Operation for Remove<'_, N> {
    type Facts = (Stored<N>, N::Facts);
    type Reply = ();

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        let before = named::<N>(self.call).await?;
        let facts = N::gather(self.call, Change::Remove(&before)).await?;
        Ok((before, facts))
    }

    fn decide(&self, _cx: &Cx, facts: Self::Facts) -> Result<Verdict<()>, Fault> {
        let (before, facts) = facts;
        let env = N::place(self.call);
        let more = match N::judge(self.call, Change::Remove(&before), facts) {
            Ok(more) => more,
            Err(Failure::Refused(refused)) => return Ok(Verdict::refuse(refused)),
            Err(Failure::Fault(fault)) => return Err(fault),
        };
        let key = before.key(env);
        let batch = Batch::new()
            .require(Precondition::Version(key.clone(), before.version))
            .delete(key);
        Ok(Verdict::reply(()).writing(marked::<N>(batch.and(more), env)))
    }
}

/// A change in place.
pub(super) struct Edit<'a, N, F> {
    pub(super) call: &'a Call<'a>,
    pub(super) by: F,
    pub(super) kind: PhantomData<fn() -> N>,
}

impl<N: Noun, F: Fn(&mut N) -> Result<(), Refused> + Sync + Send> Operation for Edit<'_, N, F> {
    type Facts = WriteFacts<N>;
    type Reply = N;

    async fn gather(&self, _cx: &Cx) -> Outcome<WriteFacts<N>> {
        let before = named::<N>(self.call).await?;
        let mut after = before.value.clone();
        (self.by)(&mut after)?;
        if !after.is_visible(self.call) {
            let why = "the actor's roles do not reach where it would be";
            return Err(Refusal::Forbidden.because(why).into());
        }
        let change = Change::Replace {
            before: &before,
            after: &after,
        };
        let facts = N::gather(self.call, change).await?;
        Ok(WriteFacts {
            taken: taken(self.call, &after).await?,
            before: Some(before),
            after,
            facts,
        })
    }

    fn decide(&self, _cx: &Cx, facts: WriteFacts<N>) -> Result<Verdict<N>, Fault> {
        decided(self.call, facts)
    }
}
