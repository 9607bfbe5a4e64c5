//! A sample where it is tried: with a token, a place, and the methods that its paths have.

use countersign_protocol::v1::route::{self, Media, Method};
use serde_json::{Map, Value, json};

use super::super::ground::{Ground, one_of};
use super::expected::expect;
use super::sample::{Absent, Member, Sample, Values};
use super::{Api, next, text};

pub struct Subject<'a> {
    pub api: &'a Api,
    pub ground: &'a Ground,
    pub sample: &'a Sample,
    /// Its list, or itself.
    pub all: String,
}

/// Whether JSON can be sent there.
pub fn takes(path: &str, method: Method) -> bool {
    route::endpoints().any(|it| it.path == path && it.method == method && it.media == Media::Json)
}

impl<'a> Subject<'a> {
    pub fn new(api: &'a Api, ground: &'a Ground, sample: &'a Sample) -> Self {
        let template = sample.at.map_or_else(
            || sample.path.to_owned(),
            |(parameter, name)| {
                let here = format!("{{{parameter}}}");
                sample.path.replace(&here, &format!("{{{name}}}"))
            },
        );
        let all = ground.path(&template);
        Self {
            api,
            ground,
            sample,
            all,
        }
    }

    /// Whether there are several.
    pub fn is_list(&self) -> bool {
        takes(self.sample.path, Method::Post)
    }

    fn has(&self, method: Method) -> bool {
        let path = if self.is_list() {
            one_of(self.sample.path)
        } else {
            Some(self.sample.path)
        };
        path.is_some_and(|path| takes(path, method))
    }

    pub fn can_replace(&self) -> bool {
        self.has(Method::Put)
    }

    pub fn can_change(&self) -> bool {
        self.has(Method::Patch)
    }

    pub fn can_remove(&self) -> bool {
        self.has(Method::Delete)
    }

    /// A body with ids of the ground, and with names that nothing else has.
    pub fn body(&self, made: &Value) -> Value {
        let mut body = made.clone();
        distinguish(&self.sample.members, &mut body);
        self.ground.filled(body)
    }

    /// A body with nothing but what is needed.
    pub fn least(&self) -> Value {
        self.body(&self.sample.least())
    }

    /// Sends a body as one sends it to make one.
    pub async fn send(&self, body: &Value) -> countersign_testkit::Answer {
        if self.is_list() {
            self.api.post(&self.all, body.clone()).await
        } else {
            self.api.put(&self.all, body.clone()).await
        }
    }

    pub async fn make(&self, body: &Value) -> Value {
        let answer = self.send(body).await;
        if self.is_list() {
            Api::created(answer)
        } else {
            answer.expect_status(200).json()
        }
    }

    /// The path of what was made. Its link says the same.
    pub fn path_of(&self, made: &Value) -> String {
        let path = if self.is_list() {
            format!("{}/{}", self.all, text(made, "/id"))
        } else {
            self.all.clone()
        };
        let own = text(made, "/_links/self/href");
        assert!(own.ends_with(&format!("/v1{path}")), "{own} is not {path}");
        path
    }

    pub async fn read(&self, path: &str) -> Value {
        self.api.get(path).await.expect_status(200).json()
    }

    pub async fn put(&self, path: &str, body: &Value) -> Value {
        let answer = self.api.put(path, body.clone()).await;
        answer.expect_status(200).json()
    }

    /// Removes what was made. What there is one of goes back to its defaults, and may say so.
    pub async fn remove(&self, path: &str) {
        let answer = self.api.delete(path).await;
        let is_told = !self.is_list() && answer.status == 200;
        let _ = answer.expect_status(if is_told { 200 } else { 204 });
    }

    /// What was made as it is answered later.
    pub fn later(&self, made: &Value) -> Value {
        self.listed(&without(made, self.sample.only_at_first))
    }

    /// What is read alone as it is listed.
    pub fn listed(&self, read: &Value) -> Value {
        without(read, self.sample.only_alone)
    }

    /// Insists that an answer says what a body said, after what it said `before`.
    pub fn expect(&self, given: &Value, answered: &Value, before: Option<&Value>) {
        expect(&self.sample.members, given, answered, before, "");
    }

    /// Insists that the list has it as it is answered by itself.
    pub async fn expect_listed(&self, read: &Value) {
        if !self.is_list() {
            return;
        }
        let list = self.read(&self.all).await;
        let lists = list["_embedded"].as_object().unwrap();
        assert_eq!(lists.len(), 1, "{lists:?}");
        let items = lists.values().next().unwrap().as_array().unwrap();
        let found = items.iter().find(|it| it["id"] == read["id"]);
        let found = found.unwrap_or_else(|| panic!("not in the list: {read}"));
        assert_eq!(self.listed(found), self.listed(read), "as listed");
    }

    /// With null in the place of what is absent.
    pub fn with_nulls(&self, body: &Value) -> Value {
        let mut body = body.clone();
        for member in &self.sample.members {
            let is_same = !matches!(member.absent, Absent::Refused) && member.null.is_none();
            if let (Some(members), true) = (body.as_object_mut(), is_same) {
                members.entry(member.name).or_insert(Value::Null);
            }
        }
        body
    }
}

/// Puts a number before what no two may have.
fn distinguish(members: &[Member], body: &mut Value) {
    for member in members {
        let Some(value) = body.get_mut(member.name) else {
            continue;
        };
        match (&member.values, member.is_unique) {
            (Values::Parts(parts), _) => distinguish(parts, value),
            (Values::Text(length, _), true) => {
                let text = format!("n{}{}", next(), value.as_str().unwrap_or_default());
                *value = json!(text.chars().take(*length.end()).collect::<String>());
            }
            _ => {}
        }
    }
}

fn without(value: &Value, names: &[&str]) -> Value {
    let members = value.as_object().cloned().unwrap_or_default();
    let kept = members
        .into_iter()
        .filter(|(name, _)| !names.contains(&name.as_str()));
    Value::Object(kept.collect::<Map<_, _>>())
}
