//! `countersign serve`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Running, Says, countersign, run, text};

pub(super) fn start(folder: &Path, arguments: &[&str]) -> Running {
    let mut command = countersign(folder);
    command.args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    command.args(arguments);
    Running::start(command, Says::Err, "\"serving\"")
}

/// The log line that says what is served where.
pub(super) fn serving(server: &Running) -> Value {
    let line = server
        .said
        .lines()
        .find(|line| line.contains("\"serving\""))
        .unwrap();
    serde_json::from_str(line).unwrap()
}

pub(super) fn get(arguments: &[&str]) -> String {
    let output = Command::new("curl")
        .arg("-sS")
        .args(arguments)
        .output()
        .unwrap();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn health_is_public_and_metrics_are_apart() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(
        folder.path(),
        &["--database", "memory:", "--admin-listen", "127.0.0.1:0"],
    );
    let line = serving(&server);
    let public = format!("http://{}", line["listen"].as_str().unwrap());
    let admin = format!("http://{}", line["admin_listen"].as_str().unwrap());
    assert_eq!(
        get(&[&format!("{public}/health/ready")]),
        r#"{"status":"UP"}"#
    );
    assert_eq!(
        get(&[&format!("{admin}/health/live")]),
        r#"{"status":"UP"}"#
    );
    let metrics = get(&[&format!("{admin}/metrics")]);
    assert!(
        metrics.contains(r#"route="/health/ready",method="GET",status="200"} 1"#),
        "{metrics}"
    );
    assert!(!get(&[&format!("{public}/metrics")]).contains("countersign_http"));
    assert!(server.stop());
}

#[test]
fn it_serves_tls_and_both_versions_of_http() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(
        folder.path().join("key.pem"),
        made.signing_key.serialize_pem(),
    )
    .unwrap();
    let tls = [
        "--database",
        "memory:",
        "--tls-cert",
        "cert.pem",
        "--tls-key",
        "key.pem",
    ];
    let server = start(folder.path(), &tls);
    let line = serving(&server);
    let url = line["auth_url"].as_str().unwrap();
    assert!(url.starts_with("https://localhost:"), "{url}");
    let ca = folder.path().join("cert.pem").display().to_string();
    let ready = format!("{url}/health/ready");
    for (version, said) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let answer = get(&["--cacert", &ca, version, "-w", " %{http_version}", &ready]);
        assert_eq!(answer, format!("{{\"status\":\"UP\"}} {said}"));
    }
    assert!(server.stop());
}

#[test]
fn a_database_is_served_only_with_its_own_master_key() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one.key", "two.key"] {
        assert!(
            run(folder.path(), &["keygen", "--out", name])
                .status
                .success()
        );
    }
    let database = ["--database", "sqlite:test.db", "--master-key-file"];
    let with = |key| [&database[..], &[key]].concat();
    assert!(start(folder.path(), &with("one.key")).stop());
    let wrong = [&["serve", "--listen", "127.0.0.1:0"], &with("two.key")[..]].concat();
    let output = run(folder.path(), &wrong);
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("not the master key"),
        "{}",
        text(&output.stderr)
    );
    assert!(start(folder.path(), &with("one.key")).stop());
}

#[test]
fn flags_win_over_the_environment_and_the_environment_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = "database = \"memory:\"\nauth-url = \"https://file\"\napi-url = \"https://file\"\n\
                apps-url = \"https://file\"\nlisten = \"127.0.0.1:0\"\nlog-format = \"json\"\n";
    std::fs::write(folder.path().join("countersign.toml"), file).unwrap();
    let auth_url = |flags: &[&str], variable: Option<&str>| {
        let mut command = countersign(folder.path());
        command.arg("serve").args(flags);
        if let Some(value) = variable {
            command.env("COUNTERSIGN_AUTH_URL", value);
        }
        let server = Running::start(command, Says::Err, "\"serving\"");
        serving(&server)["auth_url"].as_str().unwrap().to_owned()
    };
    let flag = ["--auth-url", "https://flag"];
    assert_eq!(auth_url(&[], None), "https://file");
    assert_eq!(auth_url(&[], Some("https://variable")), "https://variable");
    assert_eq!(auth_url(&flag, Some("https://variable")), "https://flag");
}
