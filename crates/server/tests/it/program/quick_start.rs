//! `countersign` without a command.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Running, Says, countersign, run, text};

fn start(folder: &Path, arguments: &[&str]) -> Running {
    let mut command = countersign(folder);
    command.args(["--port", "0"]).args(arguments);
    Running::start(command, Says::Out, "Ctrl-C stops")
}

fn facts(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("countersign-data/quickstart.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The three commands as somebody would paste them.
fn printed_curls(said: &str) -> String {
    let (_, behind) = said.split_once("Sign on with three curls").unwrap();
    let (curls, _) = behind.split_once("Ctrl-C stops").unwrap();
    curls.to_owned()
}

#[test]
fn the_three_printed_curls_end_in_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), &[]);
    let script = printed_curls(&server.said);
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let tokens: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    for name in ["access_token", "id_token"] {
        assert!(
            tokens[name].is_string(),
            "{tokens} {}",
            text(&output.stderr)
        );
    }
    assert!(server.stop());
}

/// Without a mail server the code lands in a folder beside the data, and in the log.
#[test]
fn a_recovery_code_lands_in_a_folder_and_in_the_log() {
    use std::io::{BufRead, BufReader};

    let folder = tempfile::tempdir().unwrap();
    let mut server = start(folder.path(), &["--log-format", "json"]);
    let log = server.child.stderr.take().unwrap();
    let curls = printed_curls(&server.said);
    // The first of the three starts a flow; the second names its URL.
    let (_, url) = curls.split_once("-b ").unwrap();
    let flows = url.split_whitespace().find(|word| word.contains("/flows/"));
    let flows = flows.unwrap().replace("/$FLOW", "");
    let jar = folder.path().join("countersign-data/cookies.txt");
    let first = curls.trim().split("\n\n").next().unwrap();
    let user = facts(folder.path())["users"][0]["username"].clone();
    let script = format!(
        "{first}\ncurl -s -b {} {flows}/$FLOW \
         -H 'Content-Type: application/vnd.pingidentity.password.forgot+json' \
         -d '{{\"username\": {user}}}'",
        jar.display()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let stands: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    assert_eq!(
        stands["status"], "RECOVERY_CODE_REQUIRED",
        "{stands} {script}"
    );
    let mut lines = BufReader::new(log).lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains("MAIL NOT SENT")).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    let file = line["file"].as_str().or(line["fields"]["file"].as_str());
    let mail = std::fs::read_to_string(file.unwrap()).unwrap();
    assert!(mail.contains("Your password recovery code"), "{mail}");
    assert!(server.said.contains("/mail and the log"));
    assert!(server.stop());
    let listed = run(folder.path(), &["mail"]);
    assert_eq!(text(&listed.stdout), "waiting: 0\ngiven up: 0\n");
}

#[test]
fn a_later_start_finds_everything_as_it_was_and_fresh_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    assert!(start(folder.path(), &[]).stop());
    let first = facts(folder.path());
    assert!(start(folder.path(), &[]).stop());
    let second = facts(folder.path());
    for key in ["environmentId", "applications", "users", "admin"] {
        assert_eq!(first[key], second[key]);
    }
    let kept = folder.path().join("countersign-data/of-somebody-else");
    std::fs::write(&kept, "x").unwrap();
    assert!(start(folder.path(), &["--fresh"]).stop());
    assert_ne!(
        first["environmentId"],
        facts(folder.path())["environmentId"]
    );
    assert!(kept.exists());
}

#[test]
fn secrets_on_disk_are_for_their_owner() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), &[]);
    let data = folder.path().join("countersign-data");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in ["quickstart.json", "master.key", "countersign.db"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    drop(server);
}

#[test]
fn what_is_written_is_what_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), &[]);
    let facts = facts(folder.path());
    let issuer = facts["issuer"].as_str().unwrap();
    let url = format!("{issuer}/.well-known/openid-configuration");
    let output = Command::new("curl").args(["-sf", &url]).output().unwrap();
    let discovery: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(discovery["issuer"], facts["issuer"]);
    assert!(server.said.contains(issuer));
    assert!(!server.said.contains('\x1b'), "no colours in a pipe");
}

/// A worker's token, with the secret that was written down.
fn token(issuer: &str, worker: &Value) -> String {
    let word = |name: &str| worker[name].as_str().unwrap().to_owned();
    let credentials = format!("{}:{}", word("clientId"), word("clientSecret"));
    let url = format!("{issuer}/token");
    let form = "grant_type=client_credentials";
    let arguments = ["-s", "-u", &credentials, "-d", form, &url];
    let output = Command::new("curl").args(arguments).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let token = answer["access_token"].as_str();
    token.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// The status and the body of a call of the management API.
fn managed(token: &str, url: &str, body: Option<&str>) -> (String, Value) {
    let bearer = format!("Authorization: Bearer {token}");
    let mut command = Command::new("curl");
    command.args(["-s", "-w", "\n%{http_code}", "-H", &bearer]);
    if let Some(body) = body {
        command.args(["-H", "Content-Type: application/json", "-d", body]);
    }
    let output = command.arg(url).output().unwrap();
    let said = text(&output.stdout);
    let (body, status) = said.rsplit_once('\n').unwrap();
    (status.to_owned(), serde_json::from_str(body).unwrap())
}

#[test]
fn its_workers_may_do_what_the_summary_says() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), &[]);
    let facts = facts(folder.path());
    let word = |pointer: &str| facts.pointer(pointer).and_then(Value::as_str).unwrap();
    let workers = facts["applications"].as_array().unwrap().iter();
    let worker = workers.clone().find(|it| it["type"] == "WORKER").unwrap();
    let api = format!("{}/v1/environments", word("/apiUrl"));
    let (demo, home) = (word("/environmentId"), word("/admin/environmentId"));
    let token_of_worker = token(word("/issuer"), worker);
    let (status, users) = managed(&token_of_worker, &format!("{api}/{demo}/users"), None);
    assert_eq!(status, "200", "{users}");
    assert_eq!(users["_embedded"]["users"][0]["username"], "demo");
    let (status, _) = managed(&token_of_worker, &format!("{api}/{home}/users"), None);
    assert_eq!(status, "403");
    assert!(server.said.contains("manages this environment in /v1"));
    let issuer = format!("{}/{home}/as", word("/authUrl"));
    let token_of_admin = token(&issuer, &facts["admin"]);
    let role =
        r#"{"name":"Own","applicableTo":["ENVIRONMENT"],"permissions":[{"id":"users:read"}]}"#;
    let (status, made) = managed(&token_of_admin, &format!("{api}/{demo}/roles"), Some(role));
    assert_eq!(status, "201", "{made}");
    assert!(server.stop());
}

#[test]
fn a_taken_port_is_explained_and_leaves_the_other_server_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), &[]);
    let before = facts(folder.path());
    let url = url::Url::parse(before["authUrl"].as_str().unwrap()).unwrap();
    let port = url.port().unwrap().to_string();
    let output = run(folder.path(), &["--port", &port, "--fresh"]);
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("--port"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(facts(folder.path()), before);
    drop(server);
}
