//! Mail over the wire to a mail server that nobody here wrote: PyPI `aiosmtpd`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use countersign_domain::notice::{Courier, Mailbox};
use countersign_protocol::notices::outbox::{self, Round};
use countersign_server::mail::{self, MailOptions, Route, Security, SmtpOptions};
use countersign_testkit::{Adapter, TestServer, run_today};
use serde_json::{Value, json};

/// The receiving end, in a process of its own.
struct Receiver {
    child: Child,
    said: BufReader<ChildStdout>,
    port: u16,
}

impl Receiver {
    fn start(case: &Value) -> Self {
        let python = std::env::var("COUNTERSIGN_TEST_PYTHON");
        let python = python.unwrap_or_else(|_| panic!("run `cargo xtask test --only clients`"));
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../clients/python/smtp_receiver.py"
        );
        let mut child = Command::new(python)
            .arg(script)
            .env("COUNTERSIGN_CLIENT_CASE", case.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut receiver = Self {
            child,
            said,
            port: 0,
        };
        receiver.port = u16::try_from(receiver.next()["port"].as_u64().unwrap()).unwrap();
        receiver
    }

    /// The next mail it took.
    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn courier(
    port: u16,
    security: Security,
    password: Option<&str>,
    ca: Option<&Path>,
) -> std::sync::Arc<dyn Courier> {
    let options = MailOptions {
        route: Route::Smtp(SmtpOptions {
            host: "localhost".to_owned(),
            port,
            security,
            username: password.map(|_| "mailer".to_owned()),
            password: password.map(Into::into),
        }),
        from: Mailbox {
            name: Some("Laden Ü".to_owned()),
            address: "no-reply@shop.example".to_owned(),
        },
    };
    mail::courier(&options, ca, &[]).unwrap()
}

async fn cause_a_mail(server: &TestServer, email: &str) {
    let tenant = &server.tenant;
    let user = json!({
        "username": "grace", "email": email,
        "name": { "given": "Grace\r\nBcc: eve@client.example", "family": "Hopper" },
        "password": { "value": "Correct-Horse-9!" },
    });
    let environment = json!({ "id": tenant.id, "name": "First", "users": [user] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
    let browser = tenant.browser();
    let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
    let body = json!({ "username": "grace" });
    let answer = tenant.act(&browser, &flow, "password.forgot", &body).await;
    let _ = answer.expect_status(200);
}

async fn deliver(server: &TestServer, courier: &dyn Courier) -> Round {
    outbox::deliver_due(&server.ports, courier, 8)
        .await
        .unwrap()
}

/// A certificate for `localhost` and its key, as files.
fn certificate(folder: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key)
}

fn is_as_written(mail: &Value) {
    assert_eq!(mail["from"], "no-reply@shop.example");
    assert_eq!(mail["to"], json!(["grace@client.example"]));
    let headers = &mail["headers"];
    assert_eq!(headers["subject"], "Your password recovery code");
    assert_eq!(headers["from"], "Laden Ü <no-reply@shop.example>");
    assert_eq!(headers["auto-submitted"], "auto-generated");
    assert!(
        headers["message-id"]
            .as_str()
            .unwrap()
            .ends_with("@shop.example>")
    );
    assert!(headers.get("bcc").is_none(), "{headers}");
    let text = mail["body"]["text/plain"].as_str().unwrap();
    let html = mail["body"]["text/html"].as_str().unwrap();
    let code = text
        .split_whitespace()
        .find(|word| html.contains(&format!(">{word}<")));
    assert_eq!(code.map(str::len), Some(8), "{text}");
}

#[test]
fn mail_goes_out_over_starttls_with_a_password() {
    run_today(Adapter::Sqlite, |server| async move {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = certificate(folder.path());
        let case = json!({ "certificate": certificate, "key": key,
            "username": "mailer", "password": "s3cret" });
        let mut receiver = Receiver::start(&case);
        let (port, security) = (receiver.port, Security::StartTls);

        // A certificate that nobody vouches for, or a wrong password: later perhaps.
        cause_a_mail(&server, "grace@client.example").await;
        let strict = courier(port, security, Some("s3cret"), None);
        assert_eq!(deliver(&server, &*strict).await.postponed, 1);
        let clock = &server.clock;
        clock.advance(std::time::Duration::from_secs(15));
        let wrong = courier(port, security, Some("wrong"), Some(&certificate));
        assert_eq!(deliver(&server, &*wrong).await.postponed, 1);
        clock.advance(std::time::Duration::from_secs(30));
        let right = courier(port, security, Some("s3cret"), Some(&certificate));
        assert_eq!(deliver(&server, &*right).await.delivered, 1);
        let mail = receiver.next();
        assert_eq!(
            (&mail["tls"], &mail["signedOn"]),
            (&json!(true), &json!(true))
        );
        is_as_written(&mail);
    });
}

#[test]
fn mail_goes_out_over_tls_from_the_first_byte() {
    run_today(Adapter::Memory, |server| async move {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = certificate(folder.path());
        let case = json!({ "certificate": certificate, "key": key, "implicitTls": true });
        let mut receiver = Receiver::start(&case);
        cause_a_mail(&server, "grace@client.example").await;
        let courier = courier(receiver.port, Security::Implicit, None, Some(&certificate));
        assert_eq!(deliver(&server, &*courier).await.delivered, 1);
        is_as_written(&receiver.next());
    });
}

#[test]
fn a_server_without_starttls_gets_nothing_unless_told_so() {
    run_today(Adapter::Memory, |server| async move {
        let mut receiver = Receiver::start(&json!({}));
        cause_a_mail(&server, "grace@client.example").await;
        let strict = courier(receiver.port, Security::StartTls, None, None);
        assert_eq!(deliver(&server, &*strict).await.delivered, 0);
        server.clock.advance(std::time::Duration::from_secs(15));
        let plain = courier(receiver.port, Security::None, None, None);
        assert_eq!(deliver(&server, &*plain).await.delivered, 1);
        let mail = receiver.next();
        assert_eq!(mail["tls"], false);
        is_as_written(&mail);
    });
}

#[test]
fn what_the_server_refuses_for_good_is_given_up_and_the_rest_is_tried_again() {
    run_today(Adapter::Memory, |server| async move {
        let receiver = Receiver::start(&json!({}));
        let courier = courier(receiver.port, Security::None, None, None);
        cause_a_mail(&server, "unknown@client.example").await;
        assert_eq!(deliver(&server, &*courier).await.given_up, 1);
        cause_a_mail(&server, "busy@client.example").await;
        assert_eq!(deliver(&server, &*courier).await.postponed, 1);
        let now = server.ports.clock.now();
        let dead = outbox::dead(&*server.ports.store, now, 10).await.unwrap();
        let error = dead[0].last_error.clone().unwrap();
        assert!(error.contains("no such mailbox"), "{error}");
    });
}

/// Gives the tenant a mail server of its own.
async fn own_server(server: &TestServer, settings: Value) {
    let environment =
        json!({ "id": server.tenant.id, "name": "First", "emailDeliverySettings": settings });
    let file = json!({ "organization": { "name": "Tests" }, "environments": [environment] });
    server.import(&file).await;
}

#[test]
fn an_environment_with_a_mail_server_of_its_own_writes_through_that_alone() {
    run_today(Adapter::Sqlite, |server| async move {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = certificate(folder.path());
        let case = json!({ "certificate": certificate, "key": key, "implicitTls": true,
            "username": "acme", "password": "s3cret" });
        let mut own = Receiver::start(&case);
        let others = Receiver::start(&json!({}));
        let settings = |password: &str| {
            json!({ "protocol": "SMTPS", "host": "localhost", "port": own.port, "username": "acme",
                "secret": password, "from": { "name": "Acme", "address": "a@acme.example" },
                "replyTo": { "address": "b@acme.example" } })
        };
        let courier = |private: &[&str]| {
            let private: Vec<_> = private.iter().map(|it| it.parse().unwrap()).collect();
            let options = MailOptions {
                route: Route::Smtp(SmtpOptions {
                    host: "localhost".to_owned(),
                    port: others.port,
                    security: Security::None,
                    username: None,
                    password: None,
                }),
                from: Mailbox {
                    name: None,
                    address: "no-reply@shop.example".to_owned(),
                },
            };
            mail::courier(&options, Some(&certificate), &private).unwrap()
        };
        own_server(&server, settings("wrong")).await;
        cause_a_mail(&server, "grace@client.example").await;
        // Not inside, unless its network is named; not with a wrong password; and by no other way.
        for (private, why, wait) in [
            (&[][..], "no permitted address", 15),
            (&["127.0.0.0/8", "::1/128"][..], "535", 30),
        ] {
            assert_eq!(
                deliver(&server, &*courier(private)).await.postponed,
                1,
                "{why}"
            );
            let now = server.ports.clock.now();
            let waiting = outbox::waiting(&*server.ports.store, now, 10)
                .await
                .unwrap();
            let error = waiting[0].last_error.clone().unwrap();
            assert!(error.contains(why), "{error}");
            server.clock.advance(std::time::Duration::from_secs(wait));
        }
        let right = settings("s3cret");
        own_server(&server, right).await;
        let allowed = courier(&["127.0.0.0/8", "::1/128"]);
        assert_eq!(deliver(&server, &*allowed).await.delivered, 1);
        let mail = own.next();
        assert_eq!(
            (&mail["tls"], &mail["signedOn"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(mail["from"], "a@acme.example");
        assert_eq!(mail["headers"]["from"], "Acme <a@acme.example>");
        assert_eq!(mail["headers"]["reply-to"], "b@acme.example");
    });
}

#[test]
fn the_doctor_signs_on_at_the_mail_server() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(folder.path());
    let case = json!({ "certificate": certificate, "key": key,
        "username": "mailer", "password": "s3cret" });
    let receiver = Receiver::start(&case);
    let doctor = |password: &str| {
        let url = format!("smtp://mailer:{password}@localhost:{}", receiver.port);
        let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .current_dir(folder.path())
            .args([
                "doctor",
                "--database",
                "memory:",
                "--smtp-from",
                "a@shop.example",
            ])
            .arg("--extra-ca")
            .arg(&certificate)
            .env("COUNTERSIGN_SMTP_URL", url)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let line = |said: &str| {
        let mut lines = said.lines();
        lines.find(|it| it.contains("mail  ")).unwrap().to_owned()
    };
    let right = line(&doctor("s3cret"));
    assert!(
        right.starts_with("ok") && right.contains("takes mail"),
        "{right}"
    );
    let wrong = line(&doctor("Wr0ngOne"));
    assert!(
        wrong.starts_with("fail") && !wrong.contains("Wr0ngOne"),
        "{wrong}"
    );
}

#[test]
fn a_server_that_is_not_there_is_tried_again() {
    run_today(Adapter::Memory, |server| async move {
        let port = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        cause_a_mail(&server, "grace@client.example").await;
        let courier = courier(port, Security::None, None, None);
        assert_eq!(deliver(&server, &*courier).await.postponed, 1);
    });
}
