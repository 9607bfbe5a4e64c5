//! `countersign import --users`: users by the million.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use countersign_testkit::{Adapter, ForProcess};
use serde_json::{Value, json};

use super::serve::{get, serving, start};
use super::{countersign, run, text};

const ENVIRONMENT: &str = "11111111-2222-4333-8444-555555555555";
const WORKER: &str = "11111111-2222-4333-8444-666666666666";
const SECRET: &str = "the-secret-of-the-worker";
/// Of "password", made with bcrypt.
const HASH: &str = "{BCRYPT}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

/// A folder with a master key, and a database with an environment in it.
struct Place {
    folder: tempfile::TempDir,
    database: ForProcess,
}

impl Place {
    fn make(adapter: Adapter) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            database: ForProcess::make(adapter),
        };
        let keygen = run(place.folder.path(), &["keygen", "--out", "master.key"]);
        assert!(keygen.status.success());
        let environment = json!({
            "id": ENVIRONMENT, "name": "Test", "type": "SANDBOX",
            "populations": [{ "name": "Customers" }],
            "applications": [{
                "id": WORKER, "name": "Worker", "type": "WORKER",
                "grantTypes": ["CLIENT_CREDENTIALS"], "clientSecret": SECRET,
                "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC",
                "roleAssignments": ["Identity Data Admin"],
            }],
        });
        place.write(
            "env.json",
            &json!({ "environments": [environment] }).to_string(),
        );
        let imported = place.run(&["import", "env.json"]);
        assert!(imported.status.success(), "{}", text(&imported.stderr));
        place
    }

    fn here(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.here().join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.here().join(name)).unwrap()
    }

    /// Runs a command on the database.
    fn run(&self, arguments: &[&str]) -> Output {
        let url = self.database.url();
        let database = ["--database", &url, "--master-key-file", "master.key"];
        run(self.here(), &[arguments, &database].concat())
    }

    fn import(&self, more: &[&str]) -> Output {
        let users = [
            "import",
            "--users",
            "users.ndjson",
            "--environment",
            ENVIRONMENT,
        ];
        self.run(&[&users, more].concat())
    }

    /// The users that are there, with their secrets.
    fn users(&self) -> Vec<Value> {
        let export = ["export", "--secrets", "--environment", ENVIRONMENT];
        let exported = self.run(&export);
        assert!(exported.status.success(), "{}", text(&exported.stderr));
        let file: Value = serde_json::from_slice(&exported.stdout).unwrap();
        let users = file["environments"][0]["users"].as_array();
        users.cloned().unwrap_or_default()
    }

    fn usernames(&self) -> BTreeSet<String> {
        let users = self.users();
        let names = users.iter().map(|it| it["username"].as_str().unwrap());
        names.map(str::to_owned).collect()
    }
}

fn user(number: usize) -> Value {
    json!({
        "username": format!("user{number}"),
        "email": format!("user{number}@example.com"),
        "name": { "given": "Ada", "family": "Lovelace" },
        "password": { "value": HASH },
    })
}

fn lines(users: impl IntoIterator<Item = Value>) -> String {
    let lines: Vec<String> = users.into_iter().map(|it| it.to_string()).collect();
    lines.join("\n") + "\n"
}

/// What the summary counts.
#[track_caller]
fn says(output: &Output, summary: &str) {
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(said.contains(summary), "{said}");
}

fn some_thousands_are_imported_once(adapter: Adapter) {
    let place = Place::make(adapter);
    place.write("users.ndjson", &lines((0..3_000).map(user)));
    let first = place.import(&["--population", "Customers"]);
    says(
        &first,
        "3000 created, 0 there already, 0 there already but different, 0 problems",
    );
    assert!(first.status.success());
    let users = place.users();
    assert_eq!(users.len(), 3_000);
    let known = users
        .iter()
        .find(|it| it["username"] == "user2999")
        .unwrap();
    assert_eq!(known["email"], "user2999@example.com");
    assert_eq!(known["enabled"], true);
    assert_eq!(known["password"]["hash"], HASH);
    let populations: BTreeSet<String> = users
        .iter()
        .map(|it| it["population"].to_string())
        .collect();
    assert_eq!(populations.len(), 1, "{populations:?}");

    let again = place.import(&["--population", "Customers"]);
    says(
        &again,
        "0 created, 3000 there already, 0 there already but different, 0 problems",
    );
    assert!(again.status.success());
    assert_eq!(place.users(), users);
}

#[test]
fn some_thousands_are_imported_once_on_sqlite() {
    some_thousands_are_imported_once(Adapter::Sqlite);
}

#[test]
fn some_thousands_are_imported_once_on_postgres() {
    some_thousands_are_imported_once(Adapter::Postgres);
}

/// More lines than an import takes in before it has written the first of them: its chunks are short
/// until then.
fn more_than_it_takes_in() -> usize {
    let cores = std::thread::available_parallelism().unwrap().get();
    let in_hand = (2 * cores + 4) * 64;
    let in_pipes = 256 * 1024 / user(0).to_string().len();
    // Odd, so that the last chunk is not full and waits for more.
    (in_hand + in_pipes) | 1
}

fn killed_it_goes_on_where_it_ended(adapter: Adapter) {
    let place = Place::make(adapter);
    let all = more_than_it_takes_in();
    let everybody = lines((0..all).map(user));
    let url = place.database.url();
    let mut command = countersign(place.here());
    command.args(["import", "--users", "-", "--environment", ENVIRONMENT]);
    command.args(["--database", &url, "--master-key-file", "master.key"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut importing = command.stderr(Stdio::null()).spawn().unwrap();
    let mut input = importing.stdin.take().unwrap();
    input.write_all(everybody.as_bytes()).unwrap();
    importing.kill().unwrap();
    importing.wait().unwrap();
    drop(input);

    let before = place.usernames().len();
    assert!(before > 0 && before < all, "{before} of {all}");
    place.write("users.ndjson", &everybody);
    let rest = place.import(&[]);
    let created = all - before;
    says(
        &rest,
        &format!("{created} created, {before} there already, 0 there already but"),
    );
    assert!(rest.status.success());
    assert_eq!(place.usernames().len(), all);
}

#[test]
fn killed_it_goes_on_where_it_ended_on_sqlite() {
    killed_it_goes_on_where_it_ended(Adapter::Sqlite);
}

#[test]
fn killed_it_goes_on_where_it_ended_on_postgres() {
    killed_it_goes_on_where_it_ended(Adapter::Postgres);
}

#[test]
fn wrong_lines_are_told_by_number_and_reason() {
    let place = Place::make(Adapter::Sqlite);
    let mut bad_address = user(2);
    bad_address["email"] = json!("no address");
    let mut nobody = user(3);
    nobody["username"] = json!("");
    let mut elsewhere = user(4);
    elsewhere["population"] = json!({ "id": ENVIRONMENT });
    let mut weak = user(5);
    weak["password"] = json!({ "value": "short" });
    let file = format!(
        "{}\n\n{{\n{}{}",
        user(1),
        lines([bad_address, nobody, elsewhere, weak]),
        user(6)
    );
    place.write("users.ndjson", &file);

    let ended = place.import(&[]);
    assert!(!ended.status.success());
    says(&ended, "users.ndjson:3: not a JSON object");
    says(&ended, "users.ndjson:4: email: ");
    says(&ended, "run the same command to go on");

    let going_on = place.import(&["--keep-going", "--report", "wrong.txt"]);
    assert!(!going_on.status.success());
    says(
        &going_on,
        "0 created, 2 there already, 0 there already but different, 5 problems",
    );
    let report = place.read("wrong.txt");
    let begins: Vec<&str> = report.lines().map(|it| &it[..15]).collect();
    let numbers = [3, 4, 5, 6, 7].map(|it| format!("users.ndjson:{it}:"));
    assert_eq!(begins, numbers, "{report}");
    for reason in [
        "email",
        "username: must not be empty",
        "population.id",
        "password",
    ] {
        assert!(report.contains(reason), "{reason}: {report}");
    }
    assert!(!report.contains("short"), "{report}");

    place.write("users.ndjson", &lines([1, 2, 3, 4, 5, 6].map(user)));
    says(&place.import(&[]), "4 created, 2 there already, 0 there");
}

#[test]
fn somebody_who_is_there_is_left_as_they_are() {
    let place = Place::make(Adapter::Sqlite);
    place.write("users.ndjson", &lines([user(1), user(2)]));
    says(&place.import(&[]), "2 created");
    let users = place.users();
    let mut moved = user(1);
    moved["email"] = json!("new@example.com");
    let mut twice = user(3);
    twice["username"] = json!("USER3");
    twice["nickname"] = json!("Another one");
    place.write("users.ndjson", &lines([moved, user(2), user(3), twice]));
    let output = place.import(&[]);
    assert!(output.status.success());
    says(
        &output,
        "1 created, 1 there already, 2 there already but different, 0 problems",
    );
    says(&output, "users.ndjson:1: username: is there already");
    says(&output, "users.ndjson:4: username: is there already");
    let now = place.users();
    assert!(users.iter().all(|user| now.contains(user)), "{now:?}");
    assert_eq!(now.len(), 3);
}

#[test]
fn ids_of_the_file_are_kept_and_nobody_gets_the_id_of_another() {
    let place = Place::make(Adapter::Sqlite);
    let id = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
    let with_id = |number, id: &str| {
        let mut user = user(number);
        user["id"] = json!(id);
        user
    };
    place.write("users.ndjson", &lines([with_id(1, id)]));
    says(&place.import(&[]), "1 created");
    assert_eq!(place.users()[0]["id"], id);
    place.write(
        "users.ndjson",
        &lines([with_id(1, id), with_id(2, id), with_id(3, "seven")]),
    );
    let output = place.import(&[]);
    says(
        &output,
        "0 created, 1 there already, 0 there already but different, 2 problems",
    );
    says(&output, "users.ndjson:2: id: is unique and already in use");
    says(&output, "users.ndjson:3: id: must be a UUID");
}

#[test]
fn passwords_in_clear_are_hashed_and_their_cost_is_told() {
    let place = Place::make(Adapter::Sqlite);
    let mut ada = user(1);
    ada["password"] = json!({ "value": "Correct-h0rse-battery", "forceChange": true });
    place.write("users.ndjson", &lines([ada]));
    let output = place.import(&[]);
    says(&output, "1 created");
    says(&output, "passwords in clear are hashed one by one");
    let password = &place.users()[0]["password"];
    let hash = password["hash"].as_str().unwrap();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    assert_eq!(password["forceChange"], true);
    says(&place.import(&[]), "0 created, 1 there already, 0 there");
}

#[test]
fn users_need_an_environment_that_is_there() {
    let place = Place::make(Adapter::Sqlite);
    place.write("users.ndjson", &lines([user(1)]));
    let nowhere = place.run(&["import", "--users", "users.ndjson"]);
    assert!(!nowhere.status.success());
    says(&nowhere, "--environment");
    let other = "99999999-2222-4333-8444-555555555555";
    let elsewhere = place.run(&["import", "--users", "users.ndjson", "--environment", other]);
    assert!(!elsewhere.status.success());
    says(&elsewhere, "no such environment");
    let population = place.import(&["--population", "Nobody"]);
    assert!(!population.status.success());
    says(&population, "no population Nobody");
}

#[test]
fn what_export_writes_of_users_is_what_import_reads() {
    let place = Place::make(Adapter::Sqlite);
    let mut disabled = user(1);
    disabled["enabled"] = json!(false);
    disabled["nickname"] = json!("Nobody");
    let mut clear = user(2);
    clear["password"] = json!({ "value": "Correct-h0rse-battery", "forceChange": true });
    place.write("users.ndjson", &lines([disabled, clear, user(3)]));
    says(&place.import(&[]), "3 created");
    let export = [
        "export",
        "--users",
        "--secrets",
        "--environment",
        ENVIRONMENT,
    ];
    let written = place.run(&[&export[..], &["--out", "all.ndjson"]].concat());
    assert!(written.status.success(), "{}", text(&written.stderr));

    place.write("users.ndjson", &place.read("all.ndjson"));
    says(
        &place.import(&[]),
        "0 created, 3 there already, 0 there already but different, 0 prob",
    );
    let other = Place::make(Adapter::Sqlite);
    other.write("users.ndjson", &place.read("all.ndjson"));
    says(&other.import(&[]), "3 created");
    let timeless = |place: &Place| {
        let mut users = place.users();
        for user in &mut users {
            user["createdAt"] = Value::Null;
            user["updatedAt"] = Value::Null;
            user["password"]["lastChangedAt"] = Value::Null;
            let hash = user["password"]["hash"].as_str().unwrap();
            user["password"]["hash"] = json!(hash.trim_start_matches("{ARGON2}"));
        }
        users
    };
    assert_eq!(timeless(&other), timeless(&place));
    assert!(timeless(&other).iter().any(|it| it["enabled"] == false));

    let without = place.run(&["export", "--without-users", "--environment", ENVIRONMENT]);
    let file: Value = serde_json::from_slice(&without.stdout).unwrap();
    assert_eq!(file["environments"][0]["users"], Value::Null);
}

#[test]
fn users_come_beside_a_running_server_and_through_its_api() {
    let place = Place::make(Adapter::Sqlite);
    let url = place.database.url();
    let server = start(
        place.here(),
        &["--database", &url, "--master-key-file", "master.key"],
    );
    let base = serving(&server)["auth_url"].as_str().unwrap().to_owned();
    let credentials = format!("{WORKER}:{SECRET}");
    let endpoint = format!("{base}/{ENVIRONMENT}/as/token");
    let answer = get(&[
        "-u",
        &credentials,
        "-d",
        "grant_type=client_credentials",
        &endpoint,
    ]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let token = answer["access_token"].as_str().unwrap();

    place.write("users.ndjson", &lines((0..300).map(user)));
    says(&place.import(&[]), "300 created");
    let named =
        format!("{base}/v1/environments/{ENVIRONMENT}/users?filter=username+eq+%22user299%22");
    let found = get(&["-H", &format!("Authorization: Bearer {token}"), &named]);
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(
        found["_embedded"]["users"][0]["email"],
        "user299@example.com"
    );

    let mut wrong = user(900);
    wrong["email"] = json!("no address");
    let more = lines((200..500).map(user).chain([wrong]));
    place.write("users.ndjson", &more);
    let through_the_api = || {
        let mut command = countersign(place.here());
        command.args([
            "import",
            "--users",
            "users.ndjson",
            "--environment",
            ENVIRONMENT,
        ]);
        command.args(["--population", "Customers", "--keep-going"]);
        command
            .args(["--api", "--api-url", &base])
            .env("COUNTERSIGN_TOKEN", token);
        command.output().unwrap()
    };
    let first = through_the_api();
    says(
        &first,
        "200 created, 100 there already, 0 there already but different, 1 problems",
    );
    says(&first, "users.ndjson:301: email: ");
    says(&through_the_api(), "0 created, 300 there already, 0 there");
    assert_eq!(place.usernames().len(), 500);
    assert!(server.stop());
}
