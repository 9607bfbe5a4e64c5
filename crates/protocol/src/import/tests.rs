use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use countersign_domain::application::{Application, ApplicationSecret, Grant};
use countersign_domain::entity::{Entity, load, load_by};
use countersign_domain::environment::Environment;
use countersign_domain::ids::{ApplicationId, EnvId};
use countersign_domain::key::{KeyRotationPolicy, SigningKey};
use countersign_domain::password::hash::{PasswordHash, Scratch};
use countersign_domain::policy::sign_on::SignOnPolicy;
use countersign_domain::ports::{BoxFuture, Clock, Entropy, Heavy, Ports};
use countersign_domain::resource::Scope;
use countersign_domain::role::RoleAssignment;
use countersign_domain::store::{Fault, Seq};
use countersign_domain::user::{Credential, User};
use countersign_domain::vault::Vault;
use countersign_store::MemoryStore;
use countersign_store::faulty::{Faulty, Mishap};
use secrecy::SecretString;

use super::*;
use crate::defaults::key_pair::KeyPair;

struct Ticking(AtomicI64);
impl Clock for Ticking {
    fn now(&self) -> Time {
        Time::from_millis(1_700_000_000_000 + self.0.fetch_add(1000, Ordering::Relaxed))
    }
}

struct Counter(AtomicU64);
impl Entropy for Counter {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}

struct Inline;
impl Heavy for Inline {
    fn verify_password(
        &self,
        hash: Option<PasswordHash>,
        password: SecretString,
    ) -> BoxFuture<'_, Result<bool, Fault>> {
        Box::pin(
            async move { Ok(hash.is_some_and(|it| it.verify(&password, &mut Scratch::new()))) },
        )
    }
    fn hash_password(
        &self,
        password: SecretString,
        salt: [u8; 16],
    ) -> BoxFuture<'_, Result<PasswordHash, Fault>> {
        Box::pin(
            async move { Ok(PasswordHash::hash(&password, &salt, &mut Scratch::new()).unwrap()) },
        )
    }
}

pub(super) fn ports(master: u8) -> Ports {
    Ports {
        store: Arc::new(MemoryStore::new()),
        clock: Arc::new(Ticking(AtomicI64::new(0))),
        entropy: Arc::new(Counter(AtomicU64::new(1))),
        heavy: Arc::new(Inline),
        vault: Arc::new(Vault::new([master; 32])),
        fetch: Arc::new(countersign_domain::ports::NoFetch),
        names: Arc::new(countersign_domain::ports::NoNames),
    }
}

/// Ports with this way out.
pub(crate) fn ports_fetching(fetch: Arc<dyn countersign_domain::ports::Fetch>) -> Ports {
    Ports { fetch, ..ports(1) }
}

fn options() -> ImportOptions {
    ImportOptions {
        make_key: Arc::new(|| KeyPair::from_pem(TEST_KEY)),
        ..ImportOptions::new("https://api.example.com")
    }
}

fn read(text: &str) -> ImportDocument {
    parse("demo.yaml", text, Format::Yaml).unwrap_or_else(|errors| panic!("{errors}"))
}

pub(super) async fn import(ports: &Ports, text: &str) -> ImportReport {
    let done = apply(ports, &read(text), &options()).await;
    done.unwrap_or_else(|error| panic!("{error}"))
}

pub(super) async fn refusal(ports: &Ports, text: &str) -> Problem {
    match apply(ports, &read(text), &options()).await {
        Err(ImportError::Invalid(mut errors)) => errors.0.remove(0),
        other => panic!("{other:?}"),
    }
}

pub(super) fn problems(text: &str) -> Vec<(usize, String, String)> {
    let errors = parse("demo.yaml", text, Format::Yaml).unwrap_err();
    let parts = errors.0.into_iter();
    parts.map(|it| (it.line, it.field, it.message)).collect()
}

const ENV: &str = "3f2a6d1c-1111-4222-8333-444455556666";
const WEB: &str = "aaaaaaaa-0000-4000-8000-000000000001";

const DEMO: &str = r#"
organization: {name: Acme}
licenses:
  - {name: Trial}
environments:
  - id: 3f2a6d1c-1111-4222-8333-444455556666
    name: Demo
    license: Trial
    populations:
      - {name: Staff, passwordPolicy: Basic}
    keys:
      - name: fixed
        privateKey: |
KEY
    keyRotationPolicies:
      - {name: Default, currentKeyId: fixed}
    resources:
      - name: openid
        attributes:
          - {name: title, value: "${user.title}"}
        scopes:
          - {name: job, mappedClaims: [title]}
      - name: Orders
        audience: https://orders.example.com
        scopes: [orders:read, {name: orders:write, description: Change orders}]
    signOnPolicies:
      - name: Always
        actions:
          - {type: LOGIN, priority: 1, registration: {enabled: true, population: Staff}}
    applications:
      - id: aaaaaaaa-0000-4000-8000-000000000001
        name: Web
        type: WEB_APP
        tokenEndpointAuthMethod: CLIENT_SECRET_BASIC
        clientSecret: the-secret-of-the-web-app
        grantTypes: [AUTHORIZATION_CODE, REFRESH_TOKEN]
        responseTypes: [CODE]
        redirectUris: [https://app.example.com/callback]
        signing: {keyRotationPolicy: Default}
        grants:
          - {resource: openid, scopes: [profile, email, job]}
          - {resource: {name: Orders}, scopes: [orders:read]}
        attributes:
          - {name: department, value: "${user.title}", oidcScopes: [profile]}
        signOnPolicyAssignments:
          - {signOnPolicy: Always, priority: 1}
          - {signOnPolicy: Single_Factor, priority: 2}
      - name: Worker
        type: WORKER
        tokenEndpointAuthMethod: CLIENT_SECRET_POST
        grantTypes: [CLIENT_CREDENTIALS]
        roleAssignments:
          - Environment Admin
          - {role: Identity Data Admin, scope: {type: POPULATION, name: Staff}}
          - {role: Organization Admin, scope: {type: ORGANIZATION}}
    users:
      - username: Ada
        email: ada@example.com
        population: Staff
        name: {given: Ada, family: Lovelace}
        password: {value: 2FederateM0re!}
      - username: bob
        password: {hash: "{SSHA}0eBeZeSFWY21JaFkDfTL9dtMZ0xzYWx0", forceChange: true}
"#;

fn demo() -> String {
    let lines: Vec<String> = TEST_KEY
        .lines()
        .map(|it| format!("          {it}\n"))
        .collect();
    let key = lines.concat();
    DEMO.replace("KEY\n", &key)
}

pub(super) fn env() -> EnvId {
    ENV.parse().unwrap()
}

async fn get<E: Entity>(ports: &Ports, id: impl ToString) -> E {
    let now = ports.clock.now();
    let found = load::<E>(ports.store.as_ref(), env(), id.to_string(), now).await;
    found.unwrap().unwrap().value
}

pub(super) async fn all<E: Entity>(ports: &Ports) -> Vec<E> {
    let docs = apply::list(ports.store.as_ref(), E::KIND, env(), ports.clock.now()).await;
    docs.unwrap()
        .iter()
        .map(|doc| E::from_doc(doc).unwrap())
        .collect()
}

#[tokio::test]
async fn a_file_becomes_an_installation() {
    let ports = ports(1);
    let report = import(&ports, &demo()).await;
    assert_eq!((report.changed, report.unchanged), (0, 0));

    let web: Application = get(&ports, WEB).await;
    assert!(web.enabled);
    let owner = get::<ApplicationSecret>(&ports, WEB).await;
    let opened = ports.vault.open(&owner.key(env()), &owner.secret).unwrap();
    assert_eq!(opened.as_slice(), b"the-secret-of-the-web-app");

    let scopes: Vec<Scope> = all(&ports).await;
    let job = scopes.iter().find(|it| it.name == "job").unwrap();
    assert_eq!(job.mapped_claims.as_ref().unwrap().len(), 1);
    let grants: Vec<Grant> = all(&ports).await;
    let sizes: Vec<usize> = grants.iter().map(|it| it.scopes.len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 4);

    let keys: Vec<SigningKey> = all(&ports).await;
    let fixed = keys.iter().find(|it| it.name == "fixed").unwrap();
    let rotation: Vec<KeyRotationPolicy> = all(&ports).await;
    assert_eq!(rotation[0].current_key_id, fixed.id);
    assert_eq!(web.signing.unwrap().key_rotation_policy.id, rotation[0].id);

    assert_eq!(all::<RoleAssignment>(&ports).await.len(), 3);
    let now = ports.clock.now();
    let store = ports.store.as_ref();
    let ada = load_by::<User>(store, env(), User::UNIQUE_USERNAME, "ada", now).await;
    let ada = ada.unwrap().unwrap().value;
    let credential: Credential = get(&ports, ada.id).await;
    let hash = credential.password_hash.unwrap();
    assert!(hash.verify(&"2FederateM0re!".to_owned().into(), &mut Scratch::new()));
}

#[tokio::test]
async fn importing_again_changes_nothing() {
    let ports = ports(1);
    import(&ports, &demo()).await;
    let before = ports.store.changes(Seq(0), Some(env())).await.unwrap();
    let report = import(&ports, &demo()).await;
    assert_eq!((report.created, report.changed), (0, 0));
    assert!(report.unchanged > 20);
    let after = ports.store.changes(Seq(0), Some(env())).await.unwrap();
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_changed_field_changes_one_document_and_leaves_the_rest_of_it() {
    let ports = ports(1);
    import(&ports, &demo()).await;
    let file = format!(
        "organization: {{name: Acme}}\nenvironments:\n  - id: {ENV}\n    applications:\n      \
         - {{id: {WEB}, description: New, redirectUris: null}}\n"
    );
    let report = import(&ports, &file).await;
    assert_eq!((report.created, report.changed), (0, 1));
    let web: Application = get(&ports, WEB).await;
    assert_eq!(web.description.as_deref(), Some("New"));
    assert_eq!(web.name, "Web");
    assert!(web.redirect_uris.is_empty());
    assert!(web.updated_at > web.created_at);
}

#[tokio::test]
async fn a_new_default_takes_the_place_of_the_old_one() {
    let ports = ports(1);
    import(&ports, &demo()).await;
    let file = demo().replace(
        "- name: Always\n",
        "- name: Always\n        default: true\n",
    );
    import(&ports, &file).await;
    let policies: Vec<SignOnPolicy> = all(&ports).await;
    let defaults: Vec<_> = policies.iter().filter(|it| it.default).collect();
    assert_eq!(defaults.len(), 1);
    assert_eq!(defaults[0].name, "Always");
}

#[tokio::test]
async fn a_new_password_or_secret_is_noticed() {
    let ports = ports(1);
    import(&ports, &demo()).await;
    let file = demo()
        .replace("2FederateM0re!", "Another0ne!")
        .replace("the-secret-of-the-web-app", "another-secret");
    assert_eq!(import(&ports, &file).await.changed, 2);
}

#[tokio::test]
async fn nothing_is_written_when_something_is_wrong() {
    let ports = ports(1);
    let file = demo().replace("[profile, email, job]", "[profile, emial, job]");
    let problem = refusal(&ports, &file).await;
    assert_eq!(
        problem.field,
        "environments[0].applications[0].grants[0].scopes[1]"
    );
    assert!(problem.line > 0);
    assert_eq!(problem.message, "there is no scope named `emial`");
    let now = ports.clock.now();
    let none = load::<Environment>(ports.store.as_ref(), EnvId::PLATFORM, ENV, now).await;
    assert!(none.unwrap().is_none());
}

#[tokio::test]
async fn an_export_imports_unchanged() {
    let ports = ports(1);
    import(&ports, &demo()).await;
    for secrets in [true, false] {
        let text = export(
            &ports,
            env(),
            ExportOptions {
                secrets,
                ..ExportOptions::default()
            },
        )
        .await
        .unwrap()
        .unwrap();
        assert_eq!(text.contains("the-secret-of-the-web-app"), secrets);
        assert_eq!(text.contains("PRIVATE KEY"), secrets);
        assert_eq!(text.contains("{SSHA}"), secrets);
        let document = parse("export.json", &text, Format::Json);
        let document = document.unwrap_or_else(|errors| panic!("{errors}"));
        let report = apply(&ports, &document, &options()).await.unwrap();
        assert_eq!(
            (report.created, report.changed),
            (0, 0),
            "secrets: {secrets}"
        );
    }
}

#[tokio::test]
async fn an_export_makes_the_same_environment_elsewhere() {
    let (here, there) = (ports(1), ports(2));
    import(&here, &demo()).await;
    let with_secrets = ExportOptions {
        secrets: true,
        ..ExportOptions::default()
    };
    let text = export(&here, env(), with_secrets).await.unwrap().unwrap();
    let document = parse("export.json", &text, Format::Json).unwrap();
    apply(&there, &document, &options()).await.unwrap();
    let again = export(&there, env(), with_secrets).await.unwrap().unwrap();
    let different = again.lines().zip(text.lines()).find(|(a, b)| a != b);
    assert_eq!(different, None);
    assert_eq!(again.len(), text.len());

    let elsewhere = ports(3);
    let text = export(&here, env(), ExportOptions::default())
        .await
        .unwrap()
        .unwrap();
    let document = parse("export.json", &text, Format::Json).unwrap();
    apply(&elsewhere, &document, &options()).await.unwrap();
    assert_eq!(
        all::<SigningKey>(&elsewhere).await.len(),
        2,
        "keys are made anew"
    );
}

#[tokio::test]
async fn an_environment_that_is_not_there_is_not_exported() {
    let none = export(&ports(1), env(), ExportOptions::default())
        .await
        .unwrap();
    assert!(none.is_none());
}

#[tokio::test]
async fn two_imports_at_once_make_one_installation() {
    let ports = ports(1);
    let (file, options) = (read(&demo()), options());
    let (a, b) = tokio::join!(
        apply(&ports, &file, &options),
        apply(&ports, &file, &options)
    );
    let created = |it: Result<ImportReport, _>| it.unwrap().created;
    let (a, b) = (created(a), created(b));
    assert!(a == 0 || b == 0, "{a} {b}");
}

#[tokio::test]
async fn an_import_that_meets_another_writer_begins_again() {
    let mut ports = ports(1);
    let faulty = Arc::new(Faulty::new(ports.store.clone()));
    ports.store = faulty.clone();
    faulty.plan([Mishap::Conflict, Mishap::Conflict]);
    assert!(import(&ports, &demo()).await.created > 80);
    assert_eq!(faulty.left(), 0);
    faulty.plan(std::iter::repeat_n(Mishap::Conflict, 5));
    let file = read(&demo().replace("name: Web\n", "name: Web shop\n"));
    let refused = apply(&ports, &file, &options()).await;
    assert!(matches!(
        refused,
        Err(ImportError::Fault(Fault::Conflict(_)))
    ));
}

#[tokio::test]
async fn an_answer_that_was_lost_is_found_again_by_the_next_import() {
    let mut ports = ports(1);
    let faulty = Arc::new(Faulty::new(ports.store.clone()));
    ports.store = faulty.clone();
    faulty.plan([Mishap::LostAnswer]);
    assert!(apply(&ports, &read(&demo()), &options()).await.is_err());
    let again = import(&ports, &demo()).await;
    assert_eq!((again.created, again.changed), (0, 0));
}

#[tokio::test]
async fn an_initial_password_is_set_once() {
    let ports = ports(1);
    let file = demo().replace(
        "{value: 2FederateM0re!}",
        "{value: 2FederateM0re!, initial: true}",
    );
    import(&ports, &file).await;
    let again = import(&ports, &file.replace("2FederateM0re!", "Another0ne!")).await;
    assert_eq!((again.created, again.changed), (0, 0));
}

#[tokio::test]
async fn what_stands_twice_is_refused() {
    let ports = ports(1);
    let twice = demo().replace("      - username: bob\n", "      - username: ADA\n");
    let problem = refusal(&ports, &twice).await;
    assert_eq!(problem.field, "environments[0].users[1]");
    assert_eq!(problem.message, "stands in the file twice");
}

#[test]
fn ids_without_a_given_one_follow_from_names() {
    let id = |name: &str| {
        countersign_domain::ids::derived_uuid(
            env(),
            countersign_domain::entity::kinds::APPLICATION,
            name,
        )
    };
    assert_eq!(id("Worker"), id("Worker"));
    assert_ne!(id("Worker"), id("worker"));
    let _: ApplicationId = id("Worker").to_string().parse().unwrap();
}

#[test]
fn a_wrong_file_is_refused_with_line_field_and_what_is_allowed() {
    let found = problems("enviroments: []\n");
    assert_eq!((found[0].0, found[0].1.as_str()), (1, "enviroments"));
    assert!(found[0].2.contains("did you mean `environments`?"));
    assert!(found[0].2.contains("organization"));

    let text = "environments:\n  - name: A\n    aplications: []\n    applications:\n      \
        - name: W\n        type: WEBAPP\n        tokenEndpointAuthMethod: NONE\n      \
        - name: X\n        type: WEB_APP\n        tokenEndpointAuthMethod: NONE\n        \
        redirectUris:\n          - https://a.example/cb\n          - http://a.example/cb\n        \
        grants:\n          - {resource: openid, scope: [x]}\n        grant: []\n";
    let found = problems(text);
    let at: Vec<_> = found.iter().map(|it| (it.0, it.1.as_str())).collect();
    assert_eq!(
        at,
        [
            (3, "environments[0].aplications"),
            (6, "environments[0].applications[0].type"),
            (16, "environments[0].applications[1].grant"),
            (15, "environments[0].applications[1].grants[0].scope"),
        ]
    );
    assert!(found[1].2.contains("WEB_APP"));
    assert!(
        found[2].2.contains("did you mean `grants`?"),
        "{}",
        found[2].2
    );

    let found = problems(&text.replace("        grant: []\n", ""));
    assert!(
        found
            .iter()
            .any(|it| it.0 == 13 && it.1.ends_with("redirectUris[1]"))
    );
}

#[test]
fn places_that_speak_for_themselves_are_not_repeated() {
    let text = "environments:\n  - name: A\n    resources:\n      - name: R\n        scopes:\n          \
        - {name: s, resource: {id: x}}\n";
    let found = problems(text);
    assert_eq!(
        found[0].1,
        "environments[0].resources[0].scopes[0].resource"
    );
    assert!(found[0].2.contains("leave it out"));
}

#[tokio::test]
async fn custom_resources_take_nothing_of_the_built_in_ones() {
    let ports = ports(1);
    import(&ports, &demo()).await;
    let file = |resource: &str| {
        format!("environments:\n  - id: {ENV}\n    resources:\n      - {resource}\n")
    };
    for (resource, field) in [
        (
            "{name: R, audience: 'https://API.example.com/'}",
            "audience",
        ),
        ("{name: 'https://api.example.com'}", "name"),
        ("{name: My PingOne}", "name"),
        ("{name: R, audience: 'https://x.example#y'}", "audience"),
        ("{name: R, scopes: [read, openid]}", "scopes"),
        ("{name: R, scopes: [{name: openid}]}", "scopes"),
    ] {
        let problem = refusal(&ports, &file(resource)).await;
        let expected = format!("environments[0].resources[0].{field}");
        assert_eq!(problem.field, expected, "{resource}");
    }
    for built_in in [
        "{name: openid, scopes: [openid, offline_access]}",
        "{name: PingOne API, scopes: ['p1:read:user:few']}",
    ] {
        import(&ports, &file(built_in)).await;
    }
}

#[test]
fn secrets_are_not_quoted_in_messages() {
    let text = "environments:\n  - name: A\n    users:\n      - username: u\n        \
        password: {hash: hunter2-hunter2}\n    keys:\n      - {name: k, privateKey: hunter2}\n    \
        applications:\n      - {name: w, type: WEB_APP, tokenEndpointAuthMethod: NONE, clientSecret: hunter2}\n";
    let errors = parse("f", text, Format::Yaml).unwrap_err();
    assert_eq!(errors.0.len(), 3);
    assert!(!errors.to_string().contains("hunter2"), "{errors}");
}

#[test]
fn json_syntax_errors_have_a_line() {
    let errors = parse("f.json", "{\n  \"a\": ,\n}", Format::of_name("f.json")).unwrap_err();
    assert_eq!(errors.0[0].line, 2);
    assert!(
        errors.to_string().starts_with("f.json:2: not JSON"),
        "{errors}"
    );
    let smile = "{\"organization\": {\"name\": \"\\ud83d\\ude00\"}}";
    parse("f.json", smile, Format::Json).unwrap();
}

#[tokio::test]
async fn the_example_of_the_manual_works() {
    let manual = include_str!("../../../../docs/how-to/import.md");
    let (_, rest) = manual.split_once("```yaml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let ports = ports(1);
    assert!(import(&ports, example).await.created > 80);
    let again = import(&ports, example).await;
    assert_eq!((again.created, again.changed), (0, 0));
}

proptest::proptest! {
    #[test]
    fn no_file_makes_the_parser_panic(text in ".{0,200}") {
        let _ = parse("f", &text, Format::Yaml);
        let _ = parse("f", &text, Format::Json);
    }

    #[test]
    fn no_shape_makes_the_checks_panic(
        key in "(environments|organization|licenses)",
        list in "(applications|users|keys|resources|signOnPolicies|populations|keyRotationPolicies)",
        value in "(~|x|1|\\[\\]|\\[x\\]|\\{\\}|\\{name: x\\}|\\[\\{name: x, id: ~\\}\\]|\\[\\{username: x, password: \\[\\]\\}\\])",
    ) {
        let _ = parse("f", &format!("{key}: {value}\n"), Format::Yaml);
        let nested = format!("environments:\n  - name: A\n    {list}: {value}\n");
        let _ = parse("f", &nested, Format::Yaml);
    }
}
