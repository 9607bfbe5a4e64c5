//! What a test has to know of a resource to try everything with it: which members its bodies have,
//! which values they take, and what is answered for one that is left out. Bodies are made from it;
//! nothing is written twice.

use std::ops::RangeInclusive;

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use serde_json::{Map, Value, json};

/// A resource, or one kind of it where its types have members of their own.
pub struct Sample {
    /// The path of its list as it is declared; of itself, if there is only one of it.
    pub path: &'static str,
    /// Tells several of one path apart.
    pub kind: &'static str,
    /// A parameter of the path, and what of the ground stands for it in the place of its namesake.
    pub at: Option<(&'static str, &'static str)>,
    /// What its bodies may say.
    pub members: Vec<Member>,
    /// Members of answers that lists leave out.
    pub only_alone: &'static [&'static str],
    /// Members that only the answer to the creation has.
    pub only_at_first: &'static [&'static str],
    /// Members that only the server sets, with something else in the place of what it set.
    pub read_only: &'static [&'static str],
    /// Makes a body that was put together at random one that holds together.
    pub tidy: fn(&mut Map<String, Value>),
    /// Whether one of them is the default, and only one.
    pub has_default: bool,
    /// Whether making one takes long.
    pub is_slow: bool,
}

/// A member of a body.
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of its own")]
#[derive(Clone)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub values: Values,
    /// What is answered when it is left out.
    pub absent: Absent,
    /// Whether it keeps what it was created with.
    pub is_fixed: bool,
    /// Whether no two may have the same.
    pub is_unique: bool,
    /// What it does not take, and the code that says so.
    pub refused: Vec<(Value, &'static str)>,
    /// The target of refusals, where it is not its path.
    pub target: Option<&'static str>,
    /// Whether answers say more of it than bodies.
    pub is_more: bool,
    /// Whether answers keep silent about it.
    pub is_secret: bool,
    /// What null means, where that is not what absence means.
    pub null: Option<Value>,
}

/// What is answered for a member that is left out.
#[derive(Clone, PartialEq)]
pub enum Absent {
    /// It cannot be left out.
    Refused,
    /// Nothing.
    Nothing,
    /// This.
    Is(Value),
    /// What depends on something else.
    Something,
    /// What it had before; this, when it is new.
    Kept(Option<Value>),
}

/// What a member takes.
#[derive(Clone)]
pub enum Values {
    /// A text of so many of these characters.
    Text(RangeInclusive<usize>, &'static str),
    /// A whole number.
    Number(RangeInclusive<i64>),
    /// True or false.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `{"id"}` of what stands on the ground under this name.
    Ref(&'static str),
    /// One of these, which stand for all there is.
    Like(Vec<Value>),
    /// An object.
    Parts(Vec<Member>),
    /// A list of so many, each different.
    Many(Box<Values>, RangeInclusive<usize>),
}

/// Letters of several scripts, of one to four bytes, and what is easily lost on the way.
pub const ANY: &str = "abcXYZ019 äßéÑ中文ком😀'\"\\<&%+/,;:$";
/// What names of things in protocols are made of.
pub const PLAIN: &str = "abcxyzABCXYZ0189_-.";

pub fn sample(path: &'static str) -> Sample {
    Sample {
        path,
        kind: "",
        at: None,
        members: Vec::new(),
        only_alone: &[],
        only_at_first: &[],
        read_only: &[],
        tidy: |_| {},
        has_default: false,
        is_slow: false,
    }
}

impl Sample {
    pub fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    pub fn at(mut self, parameter: &'static str, ground: &'static str) -> Self {
        self.at = Some((parameter, ground));
        self
    }

    pub fn members(mut self, members: impl IntoIterator<Item = Member>) -> Self {
        self.members.extend(members);
        self
    }

    pub fn only_alone(mut self, names: &'static [&'static str]) -> Self {
        self.only_alone = names;
        self
    }

    pub fn only_at_first(mut self, names: &'static [&'static str]) -> Self {
        self.only_at_first = names;
        self
    }

    pub fn read_only(mut self, names: &'static [&'static str]) -> Self {
        self.read_only = names;
        self
    }

    pub fn tidy(mut self, tidy: fn(&mut Map<String, Value>)) -> Self {
        self.tidy = tidy;
        self
    }

    /// One of them is the default at any time.
    pub fn has_default(mut self) -> Self {
        self.has_default = true;
        self.members
            .push(like("default", [json!(false)]).or(json!(false)));
        self
    }

    pub fn slow(mut self) -> Self {
        self.is_slow = true;
        self
    }

    /// The name of a test's finding.
    pub fn name(&self) -> String {
        format!("{} {}", self.path, self.kind).trim_end().to_owned()
    }

    /// Bodies that may be sent.
    pub fn bodies(&self) -> BoxedStrategy<Value> {
        let tidy = self.tidy;
        let bodies = objects(&self.members);
        bodies
            .prop_map(move |mut body| {
                if let Value::Object(members) = &mut body {
                    tidy(members);
                }
                body
            })
            .boxed()
    }

    /// A body with nothing but what is needed.
    pub fn least(&self) -> Value {
        let mut body = least(&self.members);
        if let Value::Object(members) = &mut body {
            (self.tidy)(members);
        }
        body
    }
}

fn member(name: &'static str, values: Values) -> Member {
    Member {
        name,
        values,
        absent: Absent::Nothing,
        is_fixed: false,
        is_unique: false,
        refused: Vec::new(),
        target: None,
        is_more: false,
        is_secret: false,
        null: None,
    }
}

pub fn text(name: &'static str, length: RangeInclusive<usize>) -> Member {
    member(name, Values::Text(length, ANY))
}

pub fn number(name: &'static str, within: RangeInclusive<i64>) -> Member {
    member(name, Values::Number(within))
}

pub fn flag(name: &'static str) -> Member {
    member(name, Values::Flag)
}

pub fn word(name: &'static str, words: &'static [&'static str]) -> Member {
    member(name, Values::Word(words))
}

/// `{"id"}` of what stands on the ground.
pub fn refers(name: &'static str, to: &'static str) -> Member {
    member(name, Values::Ref(to))
}

/// One of these values. `$name` in them stands for the id of that on the ground.
pub fn like(name: &'static str, values: impl IntoIterator<Item = Value>) -> Member {
    member(name, Values::Like(values.into_iter().collect()))
}

pub fn parts(name: &'static str, members: impl IntoIterator<Item = Member>) -> Member {
    member(name, Values::Parts(members.into_iter().collect()))
}

/// A list of different ones.
pub fn many(name: &'static str, of: Values, count: RangeInclusive<usize>) -> Member {
    member(name, Values::Many(Box::new(of), count))
}

/// The texts of a list.
pub fn texts(values: &[&str]) -> Values {
    Values::Like(values.iter().map(|it| json!(it)).collect())
}

impl Member {
    /// It must be there.
    pub fn required(mut self) -> Self {
        self.absent = Absent::Refused;
        self
    }

    /// Left out, it is this.
    pub fn or(mut self, value: Value) -> Self {
        self.absent = Absent::Is(value);
        self
    }

    /// Left out, it is something that depends on others.
    pub fn or_something(mut self) -> Self {
        self.absent = Absent::Something;
        self
    }

    /// Left out by a PUT, it stays.
    pub fn kept(mut self, at_first: Option<Value>) -> Self {
        self.absent = Absent::Kept(at_first);
        self
    }

    /// It keeps what it was created with.
    pub fn fixed(mut self) -> Self {
        self.is_fixed = true;
        self
    }

    /// No two may have the same.
    pub fn unique(mut self) -> Self {
        self.is_unique = true;
        self
    }

    /// Of these characters alone.
    pub fn of(mut self, letters: &'static str) -> Self {
        if let Values::Text(_, of) = &mut self.values {
            *of = letters;
        }
        self
    }

    /// It does not take these.
    pub fn not(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        let values = values.into_iter().map(|it| (it, "INVALID_VALUE"));
        self.refused.extend(values);
        self
    }

    /// It does not take this, for this reason.
    pub fn not_for(mut self, code: &'static str, value: Value) -> Self {
        self.refused.push((value, code));
        self
    }

    /// Refusals name this.
    pub fn target(mut self, target: &'static str) -> Self {
        self.target = Some(target);
        self
    }

    /// Answers say more of it.
    pub fn more(mut self) -> Self {
        self.is_more = true;
        self
    }

    /// No answer has it.
    pub fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// Null is this.
    pub fn null_is(mut self, value: Value) -> Self {
        self.null = Some(value);
        self
    }
}

fn objects(members: &[Member]) -> BoxedStrategy<Value> {
    let empty = Just(Map::new()).boxed();
    let all = members.iter().fold(empty, |before, member| {
        let name = member.name;
        let value = values(&member.values);
        let value = match member.absent {
            Absent::Refused => value.prop_map(Some).boxed(),
            _ => prop::option::of(value).boxed(),
        };
        let joined = (before, value).prop_map(move |(mut object, value)| {
            if let Some(value) = value {
                object.insert(name.to_owned(), value);
            }
            object
        });
        joined.boxed()
    });
    all.prop_map(Value::Object).boxed()
}

fn values(of: &Values) -> BoxedStrategy<Value> {
    match of {
        Values::Text(length, letters) => {
            let letters: Vec<char> = letters.chars().collect();
            // Long ones are for the test of limits.
            let (least, most) = (*length.start(), (*length.end()).min(length.start() + 12));
            let letter = any::<Index>().prop_map(move |at| *at.get(&letters));
            let text = prop::collection::vec(letter, least..=most);
            text.prop_map(|text| json!(text.into_iter().collect::<String>()))
                .boxed()
        }
        Values::Number(within) => {
            let (least, most) = (*within.start(), *within.end());
            prop_oneof![Just(least), Just(most), least..=most]
                .prop_map(|it| json!(it))
                .boxed()
        }
        Values::Flag => any::<bool>().prop_map(|it| json!(it)).boxed(),
        Values::Word(words) => {
            let words = *words;
            any::<Index>()
                .prop_map(move |at| json!(at.get(words)))
                .boxed()
        }
        Values::Ref(to) => Just(json!({ "id": format!("${to}") })).boxed(),
        Values::Like(values) => {
            let values = values.clone();
            any::<Index>()
                .prop_map(move |at| at.get(&values).clone())
                .boxed()
        }
        Values::Parts(members) => objects(members),
        Values::Many(one, count) => match &**one {
            Values::Like(all) => {
                let most = (*count.end()).min(all.len());
                let some = subsequence(all.clone(), *count.start()..=most);
                some.prop_map(Value::Array).boxed()
            }
            Values::Word(all) => {
                let most = (*count.end()).min(all.len());
                let some = subsequence(all.to_vec(), *count.start()..=most);
                some.prop_map(|some| json!(some)).boxed()
            }
            Values::Ref(to) => {
                let one = json!({ "id": format!("${to}") });
                let least = *count.start();
                prop::collection::vec(Just(one), least..=1.max(least))
                    .prop_map(Value::Array)
                    .boxed()
            }
            other => {
                let (least, most) = (*count.start(), (*count.end()).min(count.start() + 3));
                prop::collection::vec(values(other), least..=most)
                    .prop_map(Value::Array)
                    .boxed()
            }
        },
    }
}

/// An object with nothing but what is needed.
pub fn least(members: &[Member]) -> Value {
    let needed = members.iter().filter(|it| it.absent == Absent::Refused);
    Value::Object(
        needed
            .map(|it| (it.name.to_owned(), first(&it.values)))
            .collect(),
    )
}

/// Some value.
pub fn first(values: &Values) -> Value {
    match values {
        Values::Text(length, letters) => json!(text_of(letters, (*length.start()).max(1))),
        Values::Number(within) => json!(within.start()),
        Values::Flag => json!(true),
        Values::Word(words) => json!(words[0]),
        Values::Ref(to) => json!({ "id": format!("${to}") }),
        Values::Like(values) => values[0].clone(),
        Values::Parts(members) => least(members),
        Values::Many(one, count) => match &**one {
            Values::Like(all) => json!(all[..*count.start()]),
            Values::Word(all) => json!(all[..*count.start()]),
            other => Value::Array(vec![first(other); *count.start()]),
        },
    }
}

/// A text of so many of these characters.
pub fn text_of(letters: &str, length: usize) -> String {
    letters
        .chars()
        .filter(|it| it.is_alphanumeric())
        .cycle()
        .take(length)
        .collect()
}
