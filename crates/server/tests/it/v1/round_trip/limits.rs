//! At, below and above each limit: what a member takes is answered as it was sent, what it does not
//! take is refused with its name, by a POST and by a PUT, and changes nothing.

use countersign_testkit::{Adapter, Answer, TestServer, run};
use serde_json::{Value, json};

use super::super::ground::Ground;
use super::expected::has;
use super::sample::{ANY, Absent, Member, Sample, Values, first, least, text_of};
use super::subject::Subject;
use super::{NOBODY, fresh, owner, samples};

/// One thing to try: where, what, and what is to be said of it.
struct Trial {
    /// Names from the body to the member.
    path: Vec<&'static str>,
    value: Value,
    /// `None`: it is taken. Else one of these codes.
    refused: Option<Vec<&'static str>>,
    /// What the refusal names.
    target: String,
    /// Words that the refusal must offer.
    words: Vec<String>,
    /// Whether the answer keeps silent about it.
    is_secret: bool,
}

#[test]
fn every_limit_holds_on_memory() {
    run(Adapter::Memory, every_limit);
}

#[test]
fn every_limit_holds_on_sqlite() {
    run(Adapter::Sqlite, every_limit);
}

#[test]
fn every_limit_holds_on_postgres() {
    run(Adapter::Postgres, every_limit);
}

async fn every_limit(server: TestServer) {
    let api = owner(&server).await;
    let ground = fresh(&api).await;
    let elsewhere = fresh(&api).await;
    let mut wrong = Vec::new();
    for sample in samples::all() {
        let subject = Subject::new(&api, &ground, &sample);
        let trials = trials(&sample, &elsewhere);
        if subject.is_list() {
            for trial in &trials {
                wrong.extend(created(&subject, trial).await);
            }
        }
        let least = subject.least();
        let made = subject.send(&least).await;
        if !(200..300).contains(&made.status) {
            wrong.push(format!(
                "{}: {least} is not taken: {}",
                sample.name(),
                made.body
            ));
            continue;
        }
        let path = subject.path_of(&made.json());
        if subject.can_replace() {
            for trial in &trials {
                wrong.extend(replaced(&subject, &path, trial).await);
            }
        }
        wrong.extend(same_twice(&subject, &path).await);
        if subject.can_remove() {
            subject.remove(&path).await;
        }
    }
    assert!(
        wrong.is_empty(),
        "{} findings\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What is wrong with how a POST ends.
async fn created(subject: &Subject<'_>, trial: &Trial) -> Option<String> {
    let before = subject.read(&subject.all).await;
    let body = trial.body(subject);
    let answer = subject.send(&body).await;
    let said = trial.judged(subject, "POST", &body, answer);
    if let (None, Some(made)) = (&trial.refused, &said.1)
        && subject.can_remove()
    {
        let path = subject.path_of(made);
        subject.remove(&path).await;
    }
    let is_same = !subject.can_remove() || subject.read(&subject.all).await == before;
    said.0.or_else(|| {
        (!is_same).then(|| trial.told(subject, "POST", "is refused and changes something"))
    })
}

/// What is wrong with how a PUT ends. What is kept from the creation is not looked at again.
async fn replaced(subject: &Subject<'_>, path: &str, trial: &Trial) -> Option<String> {
    let top = subject
        .sample
        .members
        .iter()
        .find(|it| it.name == trial.path[0]);
    if top.is_some_and(|it| it.is_fixed || matches!(it.absent, Absent::Kept(_))) {
        return None;
    }
    let before = subject.read(path).await;
    let body = trial.body(subject);
    let answer = subject.api.put(path, body.clone()).await;
    let said = trial.judged(subject, "PUT", &body, answer);
    let is_same = trial.refused.is_none() || subject.read(path).await == before;
    said.0.or_else(|| {
        (!is_same).then(|| trial.told(subject, "PUT", "is refused and changes something"))
    })
}

impl Trial {
    /// The least body with what is tried in it.
    fn body(&self, subject: &Subject<'_>) -> Value {
        let mut body = subject.least();
        let value = subject.ground.filled(self.value.clone());
        put(
            &mut body,
            &subject.sample.members,
            &self.path,
            &value,
            subject,
        );
        body
    }

    fn told(&self, subject: &Subject<'_>, method: &str, what: &str) -> String {
        let value: String = self.value.to_string().chars().take(60).collect();
        let (name, at) = (subject.sample.name(), self.path.join("."));
        format!("{name} {method} {at} = {value}: {what}")
    }

    /// What is wrong with an answer, and the answer if it is one of success.
    fn judged(
        &self,
        subject: &Subject<'_>,
        method: &str,
        body: &Value,
        answer: Answer,
    ) -> (Option<String>, Option<Value>) {
        let status = answer.status;
        let said = if answer.body.is_empty() {
            Value::Null
        } else {
            answer.json()
        };
        let told = |what: String| Some(self.told(subject, method, &what));
        let is_good = (200..300).contains(&status);
        let Some(codes) = &self.refused else {
            if !is_good {
                return (told(said.to_string()), None);
            }
            let given = at(body, &self.path).unwrap_or(&Value::Null);
            let found = at(&said, &self.path);
            let has_it = found.is_some_and(|found| has(found, given));
            let wrong = if has_it || self.is_secret && found.is_none() {
                None
            } else {
                told(format!("answered {said}"))
            };
            return (wrong, Some(said));
        };
        let made = is_good.then(|| said.clone());
        let details = said["details"].as_array().cloned().unwrap_or_default();
        let detail = details
            .iter()
            .find(|it| it["target"] == self.target.as_str());
        let Some(detail) = detail.filter(|_| status == 400) else {
            return (
                told(format!("{} is not named in {status} {said}", self.target)),
                made,
            );
        };
        let code = detail["code"].as_str().unwrap_or_default();
        if !codes.contains(&code) {
            return (told(format!("not {codes:?} but {said}")), made);
        }
        let offered = detail["innerError"]["allowedValues"].as_array();
        let offered = offered.cloned().unwrap_or_default();
        if !self.words.iter().all(|it| offered.contains(&json!(it))) {
            return (
                told(format!("does not offer {:?} in {said}", self.words)),
                made,
            );
        }
        (None, made)
    }
}

/// Puts a value in its place; objects on the way to it are as small as they can be.
fn put(body: &mut Value, members: &[Member], path: &[&str], value: &Value, subject: &Subject<'_>) {
    let [name, rest @ ..] = path else { return };
    let object = body.as_object_mut().unwrap();
    if rest.is_empty() {
        if value == &absent() {
            object.remove(*name);
        } else {
            object.insert((*name).to_owned(), value.clone());
        }
        return;
    }
    let member = members.iter().find(|it| it.name == *name).unwrap();
    let Values::Parts(parts) = &member.values else {
        return;
    };
    let within = object.entry(*name);
    let within = within.or_insert_with(|| subject.ground.filled(least(parts)));
    put(within, parts, rest, value, subject);
}

/// What is at a place.
fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.get(*name))
}

/// Stands for leaving it out.
fn absent() -> Value {
    json!("(absent)")
}

fn trials(sample: &Sample, elsewhere: &Ground) -> Vec<Trial> {
    let mut trials = Vec::new();
    of_members(&sample.members, &mut Vec::new(), elsewhere, &mut trials);
    trials
}

fn of_members(
    members: &[Member],
    above: &mut Vec<&'static str>,
    elsewhere: &Ground,
    trials: &mut Vec<Trial>,
) {
    for member in members {
        above.push(member.name);
        let own = above.join(".");
        let target = member.target.map_or(own, str::to_owned);
        let path = above.clone();
        let mut no = |value: Value, codes: &[&'static str], target: &str, words: &[&str]| {
            trials.push(Trial {
                path: path.clone(),
                value,
                refused: Some(codes.to_vec()),
                target: target.to_owned(),
                words: words.iter().map(|it| (*it).to_owned()).collect(),
                is_secret: false,
            });
        };
        for (value, code) in &member.refused {
            no(value.clone(), &[code], &target, &[]);
        }
        if member.absent == Absent::Refused {
            let codes = &["REQUIRED_VALUE"];
            no(absent(), codes, &target, &[]);
            no(Value::Null, codes, &target, &[]);
        }
        let mut yes = Vec::new();
        match &member.values {
            Values::Text(length, letters) => {
                no(json!(7), &["INVALID_VALUE"], &target, &[]);
                no(json!(["x"]), &["INVALID_VALUE"], &target, &[]);
                let (shortest, longest) = (*length.start(), *length.end());
                if shortest == 1 {
                    no(json!(""), &["EMPTY_VALUE", "INVALID_VALUE"], &target, &[]);
                }
                let codes = &["SIZE_LIMIT_EXCEEDED", "INVALID_VALUE"];
                no(json!(text_of(letters, longest + 1)), codes, &target, &[]);
                if !member.is_unique {
                    yes.push(json!(text_of(letters, shortest)));
                }
                yes.push(json!(text_of(letters, longest)));
                if *letters == ANY && !member.is_unique && longest <= 2_048 {
                    yes.push(json!("😀".repeat(longest)));
                }
            }
            Values::Number(within) => {
                no(json!("7"), &["INVALID_VALUE"], &target, &[]);
                no(json!(7.5), &["INVALID_VALUE"], &target, &[]);
                let (smallest, largest) = (*within.start(), *within.end());
                let codes = &["OUT_OF_RANGE", "INVALID_VALUE"];
                no(json!(smallest - 1), codes, &target, &[]);
                no(json!(largest + 1), codes, &target, &[]);
                yes.extend([json!(smallest), json!(largest)]);
            }
            Values::Flag => {
                no(json!("true"), &["INVALID_VALUE"], &target, &[]);
                no(json!(1), &["INVALID_VALUE"], &target, &[]);
            }
            Values::Word(words) => {
                no(json!("NO_SUCH_WORD"), &["INVALID_VALUE"], &target, words);
                no(
                    json!(words[0].to_lowercase() + "_"),
                    &["INVALID_VALUE"],
                    &target,
                    &[],
                );
                no(json!(1), &["INVALID_VALUE"], &target, &[]);
                no(json!({ words[0]: null }), &["INVALID_VALUE"], &target, &[]);
                yes.extend(words.iter().map(|it| json!(it)));
            }
            Values::Ref(to) => {
                let id = member
                    .target
                    .map_or_else(|| format!("{target}.id"), str::to_owned);
                let codes = &["INVALID_VALUE"];
                no(json!({ "id": NOBODY }), codes, &id, &[]);
                no(json!({ "id": "x" }), codes, &id, &[]);
                no(json!({}), &["REQUIRED_VALUE"], &id, &[]);
                no(json!("x"), codes, &target, &[]);
                no(json!([format!("${to}")]), codes, &target, &[]);
                // Built-in roles are the same everywhere.
                if *to != "builtInRole" {
                    no(json!({ "id": elsewhere.id(to) }), codes, &id, &[]);
                }
            }
            Values::Like(values) => {
                yes.extend(values.iter().cloned());
                if values.iter().all(Value::is_string) {
                    no(json!({ "a": 1 }), &["INVALID_VALUE"], &target, &[]);
                }
                if member.target.is_none() && values.iter().all(Value::is_object) {
                    no(in_a_row(&values[0]), &["INVALID_VALUE"], &target, &[]);
                }
            }
            Values::Parts(parts) => {
                no(json!("text"), &["INVALID_VALUE"], &target, &[]);
                let all = parts.iter().map(|it| first(&it.values)).collect();
                no(all, &["INVALID_VALUE"], &target, &[]);
            }
            Values::Many(one, _) => {
                no(json!({ "a": 1 }), &["INVALID_VALUE"], &target, &[]);
                yes.push(Value::Array(vec![first(one)]));
            }
        }
        trials.extend(yes.into_iter().map(|value| Trial {
            path: path.clone(),
            value,
            refused: None,
            target: target.clone(),
            words: Vec::new(),
            is_secret: member.is_secret,
        }));
        if let Values::Parts(parts) = &member.values {
            of_members(parts, above, elsewhere, trials);
        }
        above.pop();
    }
}

/// What an object has, as a list of the same: no object, whatever reads it.
fn in_a_row(object: &Value) -> Value {
    object.as_object().unwrap().values().cloned().collect()
}

/// Of what no two may have the same: what is wrong when a second one has it.
async fn same_twice(subject: &Subject<'_>, path: &str) -> Option<String> {
    let unique = unique(&subject.sample.members, &mut Vec::new())?;
    let made = subject.read(path).await;
    let value = at(&made, &unique)?;
    let mut body = subject.least();
    put(&mut body, &subject.sample.members, &unique, value, subject);
    let answer = subject.send(&body).await;
    let status = answer.status;
    let said = answer.json();
    let detail = &said["details"][0];
    let is_told = status == 400
        && said["code"] == "INVALID_DATA"
        && detail["code"] == "UNIQUENESS_VIOLATION"
        && detail["target"] == unique.join(".").as_str();
    (!is_told).then(|| {
        format!(
            "{} twice {unique:?}: {status} {said}",
            subject.sample.name()
        )
    })
}

fn unique(members: &[Member], above: &mut Vec<&'static str>) -> Option<Vec<&'static str>> {
    for member in members {
        above.push(member.name);
        if member.is_unique {
            return Some(above.clone());
        }
        if let Values::Parts(parts) = &member.values
            && let Some(found) = unique(parts, above)
        {
            return Some(found);
        }
        above.pop();
    }
    None
}
