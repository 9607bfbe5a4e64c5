//! Groups, what they are nested in, and who is a member.

use countersign_domain::entity::kinds;
use countersign_domain::group::{Group, GroupMembership, GroupNesting};
use countersign_domain::ids::{EnvId, GroupId, UserId};
use countersign_domain::reference::{Ref, fold};
use countersign_domain::role::RoleSubject;
use countersign_domain::store::Fault;
use serde_json::json;

use super::build::Parts;
use super::node::{Data, Node};
use super::plan::{Plan, Referent};
use super::settings::POPULATION;

const GROUP: Referent = Referent {
    kind: kinds::GROUP,
    noun: "group",
    rule: Group::UNIQUE_NAME,
    folds: true,
};

/// Groups of the whole environment are found by this and their name; others by their id.
const OF_ENVIRONMENT: &str = "/";

impl Plan<'_> {
    pub(super) fn group(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        self.refer(&mut node, "population", env, &POPULATION);
        let population = node
            .get("population")
            .and_then(|it| it.get_text("id"))
            .unwrap_or_default()
            .to_owned();
        let entry = format!("{population}/{}", fold(&name));
        let found = self
            .draft
            .find(kinds::GROUP, env, Group::UNIQUE_NAME, &entry);
        let known = found.and_then(|id| id.parse().ok());
        let id = GroupId::from_uuid(self.identify(&mut node, env, kinds::GROUP, known, &entry));
        let parents = node.take("memberOfGroups");
        let roles = node.take("roleAssignments");
        let built: Option<Group> = self.entity(Parts {
            nested: &["id", "memberOfGroups", "roleAssignments"],
            ..Parts::of(env, id, node)
        })?;
        if built.is_some() {
            self.roles_later(RoleSubject::Group(Ref::to(id)), roles);
            for parent in self.groups_of(env, parents)? {
                let nesting = GroupNesting {
                    child: Ref::to(id),
                    parent: Ref::to(parent),
                };
                self.draft.put(env, &nesting)?;
            }
        }
        Ok(())
    }

    /// `memberOfGroups` of a user.
    pub(super) fn memberships(
        &mut self,
        env: EnvId,
        user: UserId,
        groups: Option<Node>,
    ) -> Result<(), Fault> {
        for group in self.groups_of(env, groups)? {
            let group = self.draft.get::<Group>(env, group)?;
            if let Some(group) = group {
                self.draft.put(env, &GroupMembership::of(user, &group))?;
            }
        }
        Ok(())
    }

    fn groups_of(&mut self, env: EnvId, list: Option<Node>) -> Result<Vec<GroupId>, Fault> {
        let mut found = Vec::new();
        let Some(list) = list else {
            return Ok(found);
        };
        let mut owner = Node::from_json(json!({}), list.line);
        owner.set("memberOfGroups", list);
        self.each(&mut owner, "memberOfGroups", |plan, item| {
            let id = plan.resolve(env, &item, "memberOfGroups", &GROUP, OF_ENVIRONMENT);
            found.extend(id.map(GroupId::from_uuid));
            Ok(())
        })?;
        Ok(found)
    }

    /// Names in `accessControl.group.groups` of an application become references.
    pub(super) fn access_control(&mut self, env: EnvId, node: &mut Node) {
        let Some(mut control) = node.take("accessControl") else {
            return;
        };
        if let Some(mut group) = control.take("group") {
            self.ids_in_list(&mut group, "groups", env, &GROUP, OF_ENVIRONMENT);
            if let Some(Node {
                data: Data::List(items),
                line,
            }) = group.take("groups")
            {
                let references = items
                    .iter()
                    .map(|it| Node::from_json(json!({ "id": it.to_json() }), it.line));
                let data = Data::List(references.collect());
                group.set("groups", Node { line, data });
            }
            control.set("group", group);
        }
        node.set("accessControl", control);
    }
}
