//! `countersign explain`.

use std::process::Command;

use super::{Running, Says, countersign, run, text};

/// Of a server that runs and of one that has ended, without any option.
#[test]
fn a_refusal_of_the_quick_start_is_explained_while_it_runs_and_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = countersign(folder.path());
    command.args([
        "--port",
        "0",
        "--log",
        "info,countersign_server::jobs=debug",
    ]);
    let mut server = Running::start(command, Says::Out, "Ctrl-C stops");
    let facts = std::fs::read_to_string(folder.path().join("countersign-data/quickstart.json"));
    let facts: serde_json::Value = serde_json::from_str(&facts.unwrap()).unwrap();
    let (_, at) = server.said.split_once("http://").unwrap();
    let base = at.split(['/', ' ', '\n']).next().unwrap();
    let url = format!(
        "http://{base}/{}/as/authorize?client_id={}&response_type=code&scope=openid\
         &redirect_uri=https%3A%2F%2Fwrong.example%2F",
        facts["environmentId"].as_str().unwrap(),
        facts["applications"][0]["clientId"]
            .as_str()
            .or(facts["applications"][0]["id"].as_str())
            .unwrap(),
    );
    let ask = || {
        let output = Command::new("curl")
            .args(["-s", "-D", "-", "-o", "/dev/null", &url])
            .output();
        let head = text(&output.unwrap().stdout).to_lowercase();
        let (_, id) = head.split_once("correlation-id: ").unwrap();
        id.lines().next().unwrap().trim().to_owned()
    };
    let first = ask();
    // Written within a second, which the log tells.
    server.until_log("explanations written");
    let output = run(folder.path(), &["explain", &first]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(
        said.starts_with("redirect_uri is not one that the application has registered."),
        "{said}"
    );
    assert!(
        said.contains("https://wrong.example/") && said.contains("\nmend "),
        "{said}"
    );
    // The last second before the end is not lost.
    let last = ask();
    assert!(server.stop());
    let output = run(folder.path(), &["explain", &last, "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&said["refusal"], &said["id"]),
        (&"RedirectUriMismatch".into(), &last.into())
    );
    let nobody = "99999999-0000-4000-8000-000000000001";
    let output = run(folder.path(), &["explain", nobody]);
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("no explanation of"),
        "{}",
        text(&output.stderr)
    );
}
