//! The commands that end.

use serde_json::{Value, json};

use super::{run, text};

const DATABASE: [&str; 4] = [
    "--database",
    "sqlite:test.db",
    "--master-key-file",
    "master.key",
];

#[test]
fn an_export_is_what_import_reads() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    assert!(
        run(here, &["keygen", "--out", "master.key"])
            .status
            .success()
    );
    let id = "11111111-2222-4333-8444-555555555555";
    let file = json!({"environments": [{
        "id": id,
        "name": "Test",
        "type": "SANDBOX",
        "users": [{"username": "ada", "password": {"value": "Correct-h0rse-battery"}}],
    }]});
    std::fs::write(here.join("test.json"), file.to_string()).unwrap();
    let import = |name| run(here, &[&["import", name], &DATABASE[..]].concat());
    let first = import("test.json");
    assert!(first.status.success(), "{}", text(&first.stderr));
    assert!(
        text(&first.stdout).contains("created"),
        "{}",
        text(&first.stdout)
    );

    let export = [
        &[
            "export",
            "--environment",
            id,
            "--secrets",
            "--out",
            "out.json",
        ],
        &DATABASE[..],
    ];
    let exported = run(here, &export.concat());
    assert!(exported.status.success(), "{}", text(&exported.stderr));
    let written: Value =
        serde_json::from_slice(&std::fs::read(here.join("out.json")).unwrap()).unwrap();
    assert_eq!(written["environments"][0]["id"], id);
    let again = text(&import("out.json").stdout);
    assert!(again.contains("0 created, 0 changed"), "{again}");
}

#[test]
fn consents_travel_with_the_people_who_gave_them() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let made = run(here, &["keygen", "--out", "master.key"]);
    assert!(made.status.success());
    let id = "11111111-2222-4333-8444-555555555555";
    let revision = json!({"effectiveAt": "2026-01-01T00:00:00Z", "text": "Be kind."});
    let file = json!({"environments": [{
        "id": id,
        "name": "Test",
        "agreements": [{"name": "Terms", "enabled": true,
            "languages": [{"locale": "en", "revisions": [revision]}]}],
        "applications": [{"name": "Television", "type": "CUSTOM_APP", "tokenEndpointAuthMethod": "NONE",
            "grantTypes": ["DEVICE_CODE"]}],
        "users": [{"username": "ada",
            "oauthConsents": [{"application": "Television", "scope": ["openid"],
                "device": {"type": "tv"}, "consentedAt": "2026-01-02T00:00:00Z"}],
            "agreementConsents": [{"agreement": "Terms", "lastConsent": {"language": "en",
                "revision": "2026-01-01T00:00:00Z", "consentedAt": "2026-01-02T00:00:00Z"}}]}],
    }]});
    std::fs::write(here.join("test.json"), file.to_string()).unwrap();
    let run_in = |database: &str, arguments: &[&str]| {
        let place = ["--database", database, "--master-key-file", "master.key"];
        let done = run(here, &[arguments, &place].concat());
        assert!(done.status.success(), "{}", text(&done.stderr));
        text(&done.stdout)
    };
    let export = ["export", "--environment", id];
    let (first, second) = ("sqlite:first.db", "sqlite:second.db");
    run_in(first, &["import", "test.json"]);
    let exported = run_in(first, &export);
    let written: Value = serde_json::from_str(&exported).unwrap();
    let environment = &written["environments"][0];
    let ada = &environment["users"][0];
    let consent = &ada["oauthConsents"][0];
    assert_eq!(consent["applicationName"], "Television");
    assert_eq!(consent["device"]["type"], "tv");
    let language = &environment["agreements"][0]["languages"][0];
    let last = &ada["agreementConsents"][0]["lastConsent"];
    assert_eq!(last["revision"]["id"], language["revisions"][0]["id"]);

    std::fs::write(here.join("out.json"), &exported).unwrap();
    let again = run_in(first, &["import", "out.json"]);
    assert!(again.contains("0 created, 0 changed"), "{again}");
    run_in(second, &["import", "out.json"]);
    let elsewhere: Value = serde_json::from_str(&run_in(second, &export)).unwrap();
    assert_eq!(elsewhere["environments"][0]["users"], environment["users"]);

    let without = run_in(first, &[&export[..], &["--without-consents"]].concat());
    assert!(without.contains("ada") && !without.contains("Consents\""));
}

#[test]
fn keys_rotate_from_the_command_line_once_the_next_one_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let made = run(here, &["keygen", "--out", "master.key"]);
    assert!(made.status.success());
    let id = "11111111-2222-4333-8444-555555555555";
    let file = json!({"environments": [{"id": id, "name": "Test", "type": "SANDBOX"}]});
    std::fs::write(here.join("test.json"), file.to_string()).unwrap();
    let imported = run(here, &[&["import", "test.json"], &DATABASE[..]].concat());
    assert!(imported.status.success(), "{}", text(&imported.stderr));
    let rotate = |more: &[&str]| {
        let command = ["keys", "rotate", "--environment", id];
        run(here, &[&command, more, &DATABASE[..]].concat())
    };
    // Made a moment ago: nobody knows it.
    let early = rotate(&[]);
    assert!(!early.status.success());
    let said = text(&early.stderr);
    assert!(said.contains("too new"), "{said}");
    let unknown = rotate(&["--policy", "Nobody's"]);
    let said = text(&unknown.stderr);
    assert!(said.contains("no key rotation policy Nobody's"), "{said}");

    // The same keys, made a while ago.
    let export = [
        "export",
        "--environment",
        id,
        "--secrets",
        "--out",
        "out.json",
    ];
    let exported = run(here, &[&export, &DATABASE[..]].concat());
    assert!(exported.status.success(), "{}", text(&exported.stderr));
    let written = std::fs::read(here.join("out.json")).unwrap();
    let mut written: Value = serde_json::from_slice(&written).unwrap();
    for key in written["environments"][0]["keys"].as_array_mut().unwrap() {
        key["createdAt"] = json!("2026-01-01T00:00:00.000Z");
    }
    std::fs::write(here.join("older.json"), written.to_string()).unwrap();
    let imported = run(here, &[&["import", "older.json"], &DATABASE[..]].concat());
    assert!(imported.status.success(), "{}", text(&imported.stderr));
    let next = &written["environments"][0]["keyRotationPolicies"][0]["nextKeyId"];
    let rotated = rotate(&[]);
    assert!(rotated.status.success(), "{}", text(&rotated.stderr));
    let said = text(&rotated.stdout);
    let signs = format!("{} signs from now on", next.as_str().unwrap());
    assert!(said.contains(&signs), "{said}");
    let again = rotate(&[]);
    assert!(
        text(&again.stderr).contains("too new"),
        "{}",
        text(&again.stderr)
    );
}

#[test]
fn a_broken_file_imports_nothing_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(
        here.join("bad.yaml"),
        "environments:\n  - name: A\n    userz: []\n",
    )
    .unwrap();
    let output = run(here, &["import", "bad.yaml", "--database", "memory:"]);
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(
        said.contains("bad.yaml:3") && said.contains("users"),
        "{said}"
    );
}

#[test]
fn a_misspelt_key_of_the_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("countersign.toml"),
        "auth_ulr = \"https://a\"\n",
    )
    .unwrap();
    let output = run(folder.path(), &["serve"]);
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(
        said.contains("line 1: unknown key `auth_ulr`: did you mean `auth-url`?"),
        "{said}"
    );
}

#[test]
fn the_doctor_says_what_is_wrong_and_how_to_mend_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let sick = run(here, &["doctor", "--database", "sqlite:missing/test.db"]);
    assert!(!sick.status.success());
    assert!(
        text(&sick.stdout).contains("keygen"),
        "{}",
        text(&sick.stdout)
    );

    assert!(
        run(here, &["keygen", "--out", "master.key"])
            .status
            .success()
    );
    let options = [&["doctor", "--listen", "127.0.0.1:0"], &DATABASE[..]].concat();
    let before_the_first_start = run(here, &options);
    assert!(before_the_first_start.status.success());
    assert!(!here.join("test.db").exists());

    std::fs::write(here.join("none.json"), "{}").unwrap();
    assert!(
        run(here, &[&["import", "none.json"], &DATABASE[..]].concat())
            .status
            .success()
    );
    let healthy = run(here, &options);
    let said = text(&healthy.stdout);
    assert!(healthy.status.success(), "{said}{}", text(&healthy.stderr));
    for line in [
        "ok    configuration",
        "ok    database",
        "ok    master key",
        "ok    clock",
    ] {
        assert!(said.contains(line), "{said}");
    }

    std::fs::write(here.join("cert.pem"), "no certificate").unwrap();
    let tls = [
        &options[..],
        &["--tls-cert", "cert.pem", "--tls-key", "master.key"],
    ]
    .concat();
    let output = run(here, &tls);
    assert!(!output.status.success());
    assert!(
        text(&output.stdout).contains("fail  certificate"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn keygen_never_overwrites_a_key_and_never_prints_one_it_writes() {
    let folder = tempfile::tempdir().unwrap();
    let written = run(folder.path(), &["keygen", "--out", "a.key"]);
    assert!(written.status.success());
    let key = std::fs::read_to_string(folder.path().join("a.key")).unwrap();
    assert!(!text(&written.stdout).contains(&key) && !text(&written.stderr).contains(&key));
    assert!(
        !run(folder.path(), &["keygen", "--out", "a.key"])
            .status
            .success()
    );
    assert_eq!(
        std::fs::read_to_string(folder.path().join("a.key")).unwrap(),
        key
    );
}

#[test]
fn help_shows_no_secret_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let output = super::countersign(folder.path())
        .args(["serve", "--help"])
        .env("COUNTERSIGN_MASTER_KEY", "hunter2")
        .env("COUNTERSIGN_DATABASE", "postgres://u:hunter2@h/d")
        .output()
        .unwrap();
    let help = text(&output.stdout);
    assert!(
        help.contains("--master-key-file") && !help.contains("hunter2"),
        "{help}"
    );
}
