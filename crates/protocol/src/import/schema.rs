//! Attributes of users: those of an environment's own, and what it changed of the others.

use countersign_domain::entity::kinds;
use countersign_domain::ids::EnvId;
use countersign_domain::schema::{SchemaAttribute, StandardAttribute};
use countersign_domain::store::Fault;
use serde_json::json;

use super::build::Parts;
use super::node::Node;
use super::plan::{Plan, Referent};

const SCHEMA_ATTRIBUTE: Referent = Referent {
    kind: kinds::SCHEMA_ATTRIBUTE,
    noun: "schema attribute",
    rule: SchemaAttribute::UNIQUE_NAME,
    folds: true,
};

impl Plan<'_> {
    pub(super) fn schema_attribute(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let id = self.named(env, &mut node, &SCHEMA_ATTRIBUTE, "", &name);
        self.entity::<SchemaAttribute>(Parts {
            fresh: vec![("enabled", json!(true)), ("type", json!("STRING"))],
            ..Parts::of(env, id, node)
        })?;
        Ok(())
    }

    /// A standard attribute is told by its name, and its id follows from that.
    pub(super) fn standard_attribute(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        node.take("id");
        let id = StandardAttribute::id_of(env, &name);
        self.entity::<StandardAttribute>(Parts {
            fresh: vec![("enabled", json!(true))],
            ..Parts::of(env, id, node)
        })?;
        Ok(())
    }
}
