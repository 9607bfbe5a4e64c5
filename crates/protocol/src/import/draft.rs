//! The state an import works on: what was found in the store, and what is wanted instead.

use std::collections::BTreeMap;
use std::fmt;

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::EnvId;
use countersign_domain::store::{Batch, Doc, Fault, IndexName, Key, Kind, Precondition};

/// What an import did, or would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportReport {
    /// Documents that are new.
    pub created: usize,
    /// Documents that are different now.
    pub changed: usize,
    /// Documents that were already as the file says.
    pub unchanged: usize,
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} created, {} changed, {} unchanged",
            self.created, self.changed, self.unchanged
        )
    }
}

/// By what a document can be found besides its key.
type Label = (Kind, EnvId, IndexName, String);

/// Kinds that no snapshot of an environment has.
const OF_PEOPLE: [Kind; 6] = [
    kinds::USER,
    kinds::CREDENTIAL,
    kinds::LINKED_ACCOUNT,
    kinds::DEVICE,
    kinds::OAUTH_CONSENT,
    kinds::AGREEMENT_CONSENT,
];

#[derive(Default)]
pub(super) struct Draft {
    found: BTreeMap<Key, Doc>,
    wanted: BTreeMap<Key, Doc>,
    labels: BTreeMap<Label, Key>,
}

fn labels(doc: &Doc) -> impl Iterator<Item = Label> + '_ {
    let (kind, env) = (doc.key.kind, doc.key.env);
    let uniques = doc.uniques.iter().cloned();
    let indexes = doc.indexes.iter().map(|it| (it.name, it.value.clone()));
    uniques
        .chain(indexes)
        .map(move |(name, value)| (kind, env, name, value))
}

/// Documents of a kind in an environment: neighbours in the order of keys.
fn of_kind(docs: &BTreeMap<Key, Doc>, kind: Kind, env: EnvId) -> impl Iterator<Item = &Doc> {
    docs.range(Key::new(kind, env, "")..)
        .map(|(_, doc)| doc)
        .take_while(move |doc| doc.key.kind == kind && doc.key.env == env)
}

impl Draft {
    /// Adds a document of the store.
    pub(super) fn found(&mut self, doc: Doc) {
        for label in labels(&doc) {
            self.labels.entry(label).or_insert_with(|| doc.key.clone());
        }
        self.found.insert(doc.key.clone(), doc);
    }

    /// Adds a document as it is wanted.
    pub(super) fn want(&mut self, doc: Doc) {
        let before = self.doc(&doc.key).map(|it| labels(it).collect::<Vec<_>>());
        for label in before.unwrap_or_default() {
            if self.labels.get(&label) == Some(&doc.key) {
                self.labels.remove(&label);
            }
        }
        for label in labels(&doc) {
            self.labels.entry(label).or_insert_with(|| doc.key.clone());
        }
        self.wanted.insert(doc.key.clone(), doc);
    }

    pub(super) fn put<E: Entity>(&mut self, env: EnvId, entity: &E) -> Result<(), Fault> {
        self.want(entity.to_doc(env)?);
        Ok(())
    }

    fn doc(&self, key: &Key) -> Option<&Doc> {
        self.wanted.get(key).or_else(|| self.found.get(key))
    }

    pub(super) fn get<E: Entity>(
        &self,
        env: EnvId,
        id: impl fmt::Display,
    ) -> Result<Option<E>, Fault> {
        let key = Key::new(E::KIND, env, id.to_string());
        self.doc(&key).map(E::from_doc).transpose()
    }

    pub(super) fn has(&self, kind: Kind, env: EnvId, id: impl fmt::Display) -> bool {
        self.doc(&Key::new(kind, env, id.to_string())).is_some()
    }

    /// Id of the document with that unique value or index entry.
    pub(super) fn find(
        &self,
        kind: Kind,
        env: EnvId,
        rule: IndexName,
        value: &str,
    ) -> Option<&str> {
        let label = (kind, env, rule, value.to_owned());
        self.labels.get(&label).map(|key| key.id.as_str())
    }

    /// The document other than `doc` that holds one of its unique values.
    pub(super) fn rival(&self, doc: &Doc) -> Option<(IndexName, &Key)> {
        doc.uniques.iter().find_map(|(name, value)| {
            let label = (doc.key.kind, doc.key.env, *name, value.clone());
            let owner = self.labels.get(&label)?;
            (*owner != doc.key).then_some((*name, owner))
        })
    }

    /// All of a kind, by id.
    pub(super) fn all<E: Entity>(&self, env: EnvId) -> Result<Vec<E>, Fault> {
        let only_found =
            of_kind(&self.found, E::KIND, env).filter(|doc| !self.wanted.contains_key(&doc.key));
        of_kind(&self.wanted, E::KIND, env)
            .chain(only_found)
            .map(E::from_doc)
            .collect()
    }

    /// The batch that makes it so, and what it does.
    pub(super) fn finish(self) -> (Batch, ImportReport) {
        let mut report = ImportReport::default();
        let mut batch = Batch::new();
        for (key, doc) in self.wanted {
            let precondition = match self.found.get(&key) {
                Some(before) if before.body == doc.body => {
                    report.unchanged += 1;
                    continue;
                }
                Some(before) => {
                    report.changed += 1;
                    Precondition::Version(key.clone(), before.version)
                }
                None => {
                    report.created += 1;
                    Precondition::Absent(key.clone())
                }
            };
            batch = batch.require(precondition);
            if !OF_PEOPLE.contains(&key.kind) {
                batch = batch.changed(key.env);
            }
            if key.kind == kinds::ENVIRONMENT
                && let Ok(env) = key.id.parse()
            {
                batch = batch.changed(env);
            }
            batch = batch.put(doc);
        }
        (batch, report)
    }
}
