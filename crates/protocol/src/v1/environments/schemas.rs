//! `/v1/environments/{e}/schemas` and their attributes (`reference/platform.md` 4).

mod standard;

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::identity_provider::IdentityProviderAttribute;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::BoxFuture;
use countersign_domain::schema::{
    AttributeRemoval, RegexValidation, SchemaAttribute, SchemaAttributeType, StandardAttribute,
};
use countersign_domain::store::{Batch, Key, Precondition, Query};
use serde_json::json;

use self::standard::STANDARD;
use crate::leftovers::attributes;
use crate::misfit::Misfit;
use crate::own_attributes;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links, List};
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/schemas";
const ONE: &str = "/environments/{environment}/schemas/{schema}";
const ATTRIBUTES: &str = "/environments/{environment}/schemas/{schema}/attributes";
const ATTRIBUTE: &str = "/environments/{environment}/schemas/{schema}/attributes/{attribute}";
/// Most attributes that an environment may add.
const MAX_ATTRIBUTES: usize = 100;

/// Most values to choose from.
///
/// Source: PingOne's Go SDK, SchemaAttribute.
const MOST_VALUES: usize = 100;

/// `/environments/{e}/schemas`
pub const RESOURCE: Resource = Resource {
    name: "schemas",
    endpoints: &[
        Endpoint::get(ALL, "schemas:read", list),
        Endpoint::get(ONE, "schemas:read", read),
        Endpoint::get(ATTRIBUTES, "schemas:read", list_attributes),
        Endpoint::post(
            ATTRIBUTES,
            "schemas:create",
            noun::create::<SchemaAttribute>,
        ),
        Endpoint::get(ATTRIBUTE, "schemas:read", read_attribute),
        Endpoint::put(ATTRIBUTE, "schemas:update", replace),
        Endpoint::patch(ATTRIBUTE, "schemas:update", change),
        Endpoint::delete(ATTRIBUTE, "schemas:delete", noun::remove::<SchemaAttribute>),
    ],
};

/// Members of a user's JSON that are no attributes and whose names are taken all the same.
const RESERVED: &[&str] = &[
    "id",
    "environment",
    "createdAt",
    "updatedAt",
    "custom",
    "lastSignOn",
    "memberOfGroups",
    "memberOfGroupIDs",
    "memberOfGroupNames",
    "password",
    "verifyStatus",
    "_links",
    "_embedded",
];

fn is_taken(name: &str) -> bool {
    let same = |it: &str| it.eq_ignore_ascii_case(name);
    STANDARD.iter().any(|it| same(it.name)) || RESERVED.iter().any(|it| same(it))
}

fn is_name(name: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    name.starts_with(|it: char| it.is_ascii_alphabetic()) && name.chars().all(plain)
}

/// Whether an attribute of an environment's own can have a name.
pub(crate) fn may_be_own(name: &str) -> bool {
    is_name(name) && !is_taken(name)
}

/// What judging a change takes.
pub struct Facts {
    count: usize,
    has_users: bool,
    /// Whether values of a former attribute of the name are there.
    has_leftovers: bool,
    /// Mappings of identity providers to it, which go with it.
    mappings: Vec<Key>,
}

impl Noun for SchemaAttribute {
    const PLURAL: &'static str = "attributes";
    const PARAMETER: &'static str = "attribute";
    const READ_ONLY: &'static [&'static str] = &["schema", "schemaType", "ldapAttribute"];
    const FIXED: &'static [&'static str] = &["name", "type", "unique"];
    type Facts = Facts;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        is_ours(call)?;
        if standard::named(call).is_some() {
            let message = "Attributes that every environment has cannot be changed";
            let misfit = Misfit::constraint("", message);
            return Err(Refusal::NotNow(None, vec![misfit]).because(message).into());
        }
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let has_leftovers = match change {
            Change::Create(after) => {
                !attributes::clear(call.store(), call.env, &after.name, call.now()).await?
            }
            Change::Replace { .. } | Change::Remove(_) => false,
        };
        let count = noun::all::<Self>(call).await?.len();
        let users = Query::all(kinds::USER, call.env, 1);
        let has_users = !call.store().list(&users, call.now()).await?.docs.is_empty();
        let mappings = match change {
            Change::Remove(before) => {
                let mut all = noun::all::<IdentityProviderAttribute>(call).await?;
                all.retain(|it| it.name == before.name);
                all.iter().map(|it| it.key(call.env)).collect()
            }
            Change::Create(_) | Change::Replace { .. } => Vec::new(),
        };
        Ok(Facts {
            count,
            has_users,
            has_leftovers,
            mappings,
        })
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let before = change.before().map(|it| &it.value);
        if let Some(after) = change.after() {
            check(after, before, &facts)?;
        }
        if facts.has_leftovers {
            let message = "Values of the attribute that had this name are still being removed";
            let misfit = Misfit::constraint("name", message);
            return Err(Refusal::NotNow(None, vec![misfit]).because(message).into());
        }
        Ok(match change {
            Change::Create(after) => {
                let note = attributes::note(call.env, &after.name);
                Batch::new().require(Precondition::Absent(note))
            }
            Change::Replace { .. } => Batch::new(),
            Change::Remove(before) => {
                let removal = AttributeRemoval::new(call.env, &before.name);
                let mappings = facts.mappings.into_iter();
                let batch = mappings.fold(Batch::new(), Batch::delete);
                batch.create(EnvId::PLATFORM, &removal)?
            }
        })
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.remove("createdAt");
        object.remove("updatedAt");
        object.insert("schemaType".into(), json!("CUSTOM"));
        let schema = SchemaAttribute::schema_id(call.env);
        object.insert("schema".into(), json!({ "id": schema }));
        Ok(object)
    }
}

fn check(
    after: &SchemaAttribute,
    before: Option<&SchemaAttribute>,
    facts: &Facts,
) -> Result<(), Refused> {
    let mut check = Check::new();
    check.length("name", &after.name, 1, 256);
    check.expect(is_name(&after.name), || {
        Misfit::invalid(
            "name",
            "must be a letter followed by letters, numbers, hyphens or underscores",
        )
    });
    check.expect(!is_taken(&after.name), || Misfit::taken("name"));
    check.length_of("displayName", after.display_name.as_ref(), 1, 256);
    check.length_of("description", after.description.as_ref(), 1, 2_048);
    check.expect(after.type_ != SchemaAttributeType::Complex, || {
        Misfit::invalid("type", "must be STRING, JSON or BOOLEAN")
    });
    let is_text = after.type_ == SchemaAttributeType::String;
    let (lists, looks) = (&after.enumerated_values, &after.regex_validation);
    check.expect(is_text || (lists.is_empty() && looks.is_none()), || {
        Misfit::constraint(
            "type",
            "only STRING has enumeratedValues or regexValidation",
        )
    });
    check.expect(lists.is_empty() || looks.is_none(), || {
        Misfit::constraint(
            "regexValidation",
            "cannot go together with enumeratedValues",
        )
    });
    check.expect(!after.unique || is_text, || {
        Misfit::constraint("unique", "only STRING can be unique")
    });
    let mut values: Vec<String> = lists.iter().map(|it| it.value.to_lowercase()).collect();
    values.sort_unstable();
    let count = values.len();
    values.dedup();
    // An attribute that has more keeps them.
    let had = before.map_or(0, |it| it.enumerated_values.len());
    check.expect(
        values.len() == count && count <= MOST_VALUES.max(had),
        || {
            Misfit::invalid(
                "enumeratedValues",
                "must be at most 100, each once in any case",
            )
        },
    );
    if let Some(before) = before {
        check.expect(after.multi_valued || !before.multi_valued, || {
            Misfit::constraint("multiValued", "can only change from false to true")
        });
        let kept = before.enumerated_values.iter();
        let mut kept = kept.map(|it| &it.value);
        check.expect(
            kept.all(|old| lists.iter().any(|it| it.value == *old)),
            || Misfit::constraint("enumeratedValues", "values can be archived, not removed"),
        );
    } else {
        check.expect(facts.count < MAX_ATTRIBUTES, || {
            Misfit::constraint("", "The environment has as many attributes as it may have")
        });
        // Nobody has a value yet.
        check.expect(!(after.required && facts.has_users), || {
            Misfit::constraint("required", "users without a value exist")
        });
    }
    check_pattern(&mut check, looks.as_ref());
    check.finish()
}

/// A pattern must be one, and treat its samples as they say.
fn check_pattern(check: &mut Check, looks: Option<&RegexValidation>) {
    let Some(looks) = looks else { return };
    let target = "regexValidation.pattern";
    let Some(pattern) = own_attributes::pattern(&looks.pattern) else {
        return check.note(Misfit::invalid(target, "is no regular expression"));
    };
    let hits = |it: &String| own_attributes::is_whole_match(&pattern, it);
    let good = looks.values_pattern_should_match.iter().all(hits);
    let mut bad = looks.values_pattern_should_not_match.iter();
    check.expect(good && !bad.any(hits), || {
        Misfit::invalid(target, "does not treat the sample values as it should")
    });
}

/// Refuses any schema but the one there is.
fn is_ours(call: &Call<'_>) -> Result<(), Refused> {
    let ours = SchemaAttribute::schema_id(call.env).to_string();
    if call.text("schema") == ours {
        Ok(())
    } else {
        Err(Refusal::NotFound.because("no such schema"))
    }
}

fn schema(call: &Call<'_>) -> Body {
    let id = SchemaAttribute::schema_id(call.env);
    let own = call.url(&format!("{}/{id}", call.fill(ALL)));
    let mut links = Links::to(call, &own);
    links.add("attributes", format!("{own}/attributes"));
    let mut object = Object::new();
    object.insert("id".into(), json!(id));
    object.insert("name".into(), json!("User"));
    object.insert("description".into(), json!("The user schema."));
    object.insert("environment".into(), json!({ "id": call.env }));
    hal::resource(links, object)
}

/// `GET /schemas`
fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let list = List::whole("schemas", vec![schema(call)]);
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

/// `GET /schemas/{schema}`
fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        is_ours(call)?;
        Ok(Reply::ok(schema(call)))
    })
}

/// `GET /schemas/{schema}/attributes`
fn list_attributes<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        is_ours(call)?;
        let changed = noun::all::<StandardAttribute>(call).await?;
        let mut items: Vec<Body> = Vec::new();
        for attribute in STANDARD {
            let changed = changed.iter().find(|it| it.name == attribute.name);
            items.push(attribute.shown(call, changed.map(|it| &it.value)));
        }
        for attribute in noun::all::<SchemaAttribute>(call).await? {
            items.push(noun::shown(call, &attribute.value).await?);
        }
        let list = List::whole("attributes", items);
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

/// `GET /schemas/{schema}/attributes/{attribute}`
fn read_attribute<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        is_ours(call)?;
        if let Some(found) = standard::named(call) {
            let changed = noun::all::<StandardAttribute>(call).await?;
            let changed = changed.iter().find(|it| it.name == found.name);
            return Ok(Reply::ok(found.shown(call, changed.map(|it| &it.value))));
        }
        let found = noun::named::<SchemaAttribute>(call).await?;
        Ok(Reply::ok(noun::shown(call, &found.value).await?))
    })
}

/// `PUT /schemas/{schema}/attributes/{attribute}`
fn replace<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    match standard::named(call) {
        Some(found) if found.is_changeable() => noun::replace::<StandardAttribute>(call),
        _ => noun::replace::<SchemaAttribute>(call),
    }
}

/// `PATCH /schemas/{schema}/attributes/{attribute}`
fn change<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    match standard::named(call) {
        Some(found) if found.is_changeable() => noun::change::<StandardAttribute>(call),
        _ => noun::change::<SchemaAttribute>(call),
    }
}
