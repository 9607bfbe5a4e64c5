//! The attributes that every environment has, and what an environment may change of them.

use countersign_domain::entity::{Stored, kinds};
use countersign_domain::ids::derived_uuid;
use countersign_domain::schema::{SchemaAttribute, StandardAttribute};
use countersign_domain::store::Batch;
use serde_json::{Value, json};

use super::{ATTRIBUTES, check_pattern, is_ours};
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::hal::{self, Body, Links};
use crate::v1::noun::{self, Change, Noun};

/// An attribute that every environment has.
pub(super) struct Standard {
    pub(super) name: &'static str,
    display_name: &'static str,
    schema_type: &'static str,
    parts: &'static [&'static str],
}

const fn core(name: &'static str, display_name: &'static str) -> Standard {
    Standard {
        name,
        display_name,
        schema_type: "CORE",
        parts: &[],
    }
}

const fn standard(name: &'static str, display_name: &'static str) -> Standard {
    Standard {
        name,
        display_name,
        schema_type: "STANDARD",
        parts: &[],
    }
}

/// Source: `reference/platform.md` 3.7.
pub(super) const STANDARD: &[Standard] = &[
    core("username", "Username"),
    standard("email", "Email Address"),
    core("population", "Population"),
    core("enabled", "Enabled"),
    core("lifecycle", "Lifecycle"),
    core("mfaEnabled", "MFA Enabled"),
    core("emailVerified", "Email Verified"),
    core("identityProvider", "Identity Provider"),
    core("externalId", "External ID"),
    Standard {
        name: "account",
        display_name: "Account",
        schema_type: "CORE",
        parts: &["canAuthenticate", "status", "lockedAt", "unlockAt"],
    },
    Standard {
        name: "name",
        display_name: "Name",
        schema_type: "STANDARD",
        parts: &[
            "formatted",
            "given",
            "middle",
            "family",
            "honorificPrefix",
            "honorificSuffix",
        ],
    },
    Standard {
        name: "address",
        display_name: "Address",
        schema_type: "STANDARD",
        parts: &[
            "streetAddress",
            "locality",
            "region",
            "postalCode",
            "countryCode",
        ],
    },
    Standard {
        name: "photo",
        display_name: "Photo",
        schema_type: "STANDARD",
        parts: &["href"],
    },
    standard("nickname", "Nickname"),
    standard("title", "Title"),
    standard("preferredLanguage", "Preferred Language"),
    standard("locale", "Locale"),
    standard("timezone", "Time Zone"),
    standard("type", "Type"),
    standard("mobilePhone", "Mobile Phone"),
    standard("primaryPhone", "Primary Phone"),
    standard("accountId", "Account ID"),
];

impl Standard {
    /// Whether an environment may change what [`StandardAttribute`] has.
    ///
    /// Source: Ping's Terraform provider, `pingone_schema_attribute`: core attributes stay.
    pub(super) fn is_changeable(&self) -> bool {
        self.schema_type == "STANDARD"
    }

    fn is_text(&self) -> bool {
        self.parts.is_empty()
    }

    /// What is answered, with what the environment changed.
    pub(super) fn shown(&self, call: &Call<'_>, changed: Option<&StandardAttribute>) -> Body {
        let mut body = self.body(call);
        if let Some(changed) = changed {
            body.insert("enabled".into(), json!(changed.enabled));
            if self.is_text() {
                body.insert("unique".into(), json!(changed.unique));
            }
            if let Some(looks) = &changed.regex_validation {
                body.insert("regexValidation".into(), json!(looks));
            }
        }
        let id = SchemaAttribute::standard_id(call.env, self.name);
        let own = call.url(&format!("{}/{id}", call.fill(ATTRIBUTES)));
        let schema = SchemaAttribute::schema_id(call.env);
        body.insert("schema".into(), json!({ "id": schema }));
        body.insert("environment".into(), json!({ "id": call.env }));
        hal::resource(Links::to(call, &own), body)
    }

    fn body(&self, call: &Call<'_>) -> Object {
        let mut object = Object::new();
        let id = SchemaAttribute::standard_id(call.env, self.name);
        let is_boolean = ["enabled", "mfaEnabled", "emailVerified"].contains(&self.name);
        let type_ = match (self.parts, is_boolean) {
            ([], true) => "BOOLEAN",
            ([], false) => "STRING",
            _ => "COMPLEX",
        };
        object.insert("id".into(), json!(id));
        object.insert("name".into(), json!(self.name));
        object.insert("displayName".into(), json!(self.display_name));
        object.insert("type".into(), json!(type_));
        object.insert("enabled".into(), json!(true));
        object.insert("required".into(), json!(self.name == "username"));
        object.insert("unique".into(), json!(self.name == "username"));
        object.insert("multiValued".into(), json!(false));
        object.insert("schemaType".into(), json!(self.schema_type));
        if !self.parts.is_empty() {
            let part = |name: &&str| {
                let full = format!("{}.{name}", self.name);
                let id = derived_uuid(call.env, kinds::SCHEMA_ATTRIBUTE, &full);
                json!({ "id": id, "name": name, "type": "STRING", "enabled": true,
                        "required": false, "unique": false, "multiValued": false,
                        "schemaType": self.schema_type })
            };
            let parts: Vec<Value> = self.parts.iter().map(part).collect();
            object.insert("subAttributes".into(), json!(parts));
        }
        object
    }
}

/// The one that the path names.
pub(super) fn named(call: &Call<'_>) -> Option<&'static Standard> {
    let id = call.text("attribute");
    let is = |it: &&Standard| SchemaAttribute::standard_id(call.env, it.name).to_string() == id;
    STANDARD.iter().find(is)
}

/// Decision: what an environment changes is kept and shown; values of users are not judged by it.
impl Noun for StandardAttribute {
    const PLURAL: &'static str = "attributes";
    const PARAMETER: &'static str = "attribute";
    const FIXED: &'static [&'static str] = &["name"];
    const IMPLIES: bool = true;
    const IS_CONFIGURATION: bool = false;
    type Facts = ();

    fn implied(call: &Call<'_>, stored: &[Stored<Self>]) -> Vec<Self> {
        let is_stored = |name: &str| stored.iter().any(|it| it.name == name);
        let made = call.cx.env.environment.created_at;
        STANDARD
            .iter()
            .filter(|it| it.is_changeable() && !is_stored(it.name))
            .map(|it| Self {
                id: Self::id_of(call.env, it.name),
                name: it.name.to_owned(),
                enabled: true,
                unique: false,
                regex_validation: None,
                created_at: made,
                updated_at: made,
            })
            .collect()
    }

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        Ok(is_ours(call)?)
    }

    async fn gather<'a>(_: &'a Call<'a>, _: Change<'a, Self>) -> Outcome<()> {
        Ok(())
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, (): ()) -> Result<Batch, Failure> {
        let is_text = named(call).is_some_and(Standard::is_text);
        if let Some(after) = change.after() {
            let mut check = Check::new();
            let looks = after.regex_validation.as_ref();
            check.expect(is_text || (!after.unique && looks.is_none()), || {
                Misfit::constraint("type", "only STRING can be unique or have regexValidation")
            });
            check_pattern(&mut check, looks);
            check.finish()?;
        }
        Ok(Batch::new())
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        match named(call) {
            Some(standard) => Ok(standard.shown(call, Some(self)).members),
            None => noun::object_of(self),
        }
    }
}
