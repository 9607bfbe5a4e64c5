//! Debian's `libapache2-mod-auth-openidc`: Apache with a page that only alice may read, and an API
//! that takes access tokens

use countersign_testkit::{
    Adapter, Answer, Browser, TestServer, jwt, query, run_in_real_time, submit,
};
use serde_json::json;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

/// One way of asking and answering.
struct Case {
    authentication: &'static str,
    response_type: &'static str,
    response_mode: &'static str,
    /// How the module sends its request: `GET`, or a form by `POST`.
    request: &'static str,
}

const CASES: [Case; 5] = [
    case("client_secret_basic", "code", "query", "GET"),
    case("client_secret_post", "id_token", "form_post", "GET"),
    case("client_secret_jwt", "code id_token", "form_post", "GET"),
    case(
        "private_key_jwt",
        "code id_token token",
        "form_post",
        "POST",
    ),
    case("client_secret_basic", "code token", "form_post", "POST"),
];

const fn case(
    authentication: &'static str,
    response_type: &'static str,
    response_mode: &'static str,
    request: &'static str,
) -> Case {
    Case {
        authentication,
        response_type,
        response_mode,
        request,
    }
}

/// A running Apache. It ends when this is dropped, and also when this process is killed.
struct Apache {
    process: Child,
    base: String,
    /// Removed on drop, after the server has ended.
    _folder: tempfile::TempDir,
}

impl Apache {
    fn start(server: &TestServer, address: SocketAddr, case: &Case) -> Self {
        let program = std::env::var("COUNTERSIGN_TEST_APACHE");
        let program =
            program.unwrap_or_else(|_| panic!("no Apache: run `cargo xtask test --only clients`"));
        let folder = tempfile::tempdir().unwrap();
        // As root, Apache becomes somebody else who has to read the page.
        let everybody = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), everybody).unwrap();
        let base = format!("http://{address}");
        let configuration = configuration(server, address, folder.path(), case);
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        write("httpd.conf", &configuration).unwrap();
        write("client.pem", jwt::CLIENT_KEY).unwrap();
        write("client.pub", &jwt::client_public_pem()).unwrap();
        write("page.txt", "for alice alone").unwrap();
        let mut process = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", &program, "-D", "FOREGROUND", "-f"])
            .arg(folder.path().join("httpd.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut seen = String::new();
        while !seen.contains("resuming normal operations") {
            assert!(
                log.read_line(&mut seen).unwrap() > 0,
                "Apache ended:\n{seen}"
            );
        }
        // It must be able to go on writing.
        std::thread::spawn(move || {
            let mut rest = [0; 4096];
            while log.read(&mut rest).is_ok_and(|read| read > 0) {}
        });
        Self {
            process,
            base,
            _folder: folder,
        }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        // SIGTERM, so that its children end with it.
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.process.wait();
    }
}

/// Without the public key the module of Debian 12 crashes when it signs with the private one.
fn configuration(
    server: &TestServer,
    address: SocketAddr,
    folder: &std::path::Path,
    case: &Case,
) -> String {
    let tenant = &server.tenant;
    let base = format!("http://{address}");
    let (issuer, folder) = (tenant.issuer(), folder.display());
    let (id, secret) = (&tenant.web.id, &tenant.web.secret);
    let username = &tenant.person.username;
    let modules = [
        "mpm_event",
        "authn_core",
        "authz_core",
        "authz_user",
        "headers",
        "auth_openidc",
    ];
    let modules = modules.map(|it| format!("LoadModule {it}_module modules/mod_{it}.so"));
    let modules = modules.join("\n");
    let Case {
        authentication,
        response_type,
        response_mode,
        request,
    } = case;
    format!(
        r#"
ServerRoot /usr/lib/apache2
DefaultRuntimeDir {folder}
PidFile {folder}/pid
ServerName 127.0.0.1
Listen {address}
KeepAlive Off
User nobody
Group nogroup
ErrorLog /dev/stderr
LogLevel notice
{modules}
DocumentRoot {folder}
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {id}
OIDCClientSecret {secret}
OIDCPrivateKeyFiles client-key#{folder}/client.pem
OIDCPublicKeyFiles client-key#{folder}/client.pub
OIDCProviderTokenEndpointAuth {authentication}
OIDCProviderAuthRequestMethod {request}
OIDCResponseType "{response_type}"
OIDCResponseMode {response_mode}
OIDCPKCEMethod S256
OIDCScope "openid profile email"
OIDCRemoteUserClaim sub
OIDCRedirectURI {base}/callback
OIDCCryptoPassphrase a-passphrase-of-one-test
OIDCInfoHook access_token id_token userinfo
OIDCOAuthClientID {id}
OIDCOAuthClientSecret {secret}
OIDCOAuthServerMetadataURL {issuer}/.well-known/openid-configuration
OIDCOAuthIntrospectionEndpointAuth {authentication}
OIDCOAuthRemoteUserClaim sub
OIDCHTTPTimeoutShort 60
OIDCHTTPTimeoutLong 60
Header always set X-Remote-User "expr=%{{REMOTE_USER}}"
<Location />
    AuthType openid-connect
    Require claim preferred_username:{username}
</Location>
<Location /api>
    AuthType oauth20
    Require valid-user
</Location>
<Location /bye>
    AuthType None
    Require all granted
</Location>
"#
    )
}

/// Lets the web application be Apache, by one method.
async fn register(server: &TestServer, base: &str, case: &Case) {
    let application = json!({
        "id": server.tenant.web.id, "name": "Apache",
        "grantTypes": ["AUTHORIZATION_CODE", "IMPLICIT", "REFRESH_TOKEN"],
        "responseTypes": ["CODE", "TOKEN", "ID_TOKEN"],
        "tokenEndpointAuthMethod": case.authentication.to_uppercase(),
        "jwks": jwt::client_jwks().to_string(),
        "redirectUris": [format!("{base}/callback")],
        "postLogoutRedirectUris": [format!("{base}/bye")],
    });
    let environment = json!({
        "id": server.tenant.id, "name": "First", "applications": [application],
    });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
    server.poll_changes().await;
}

/// Sends the form that a script would send.
async fn send_form(browser: &Browser, page: &Answer) -> Answer {
    let form = page.form();
    browser.post(&form.action).form(form.fields).send().await
}

/// Opens the page and signs the person on when asked; ends at what Apache shows then.
async fn open(server: &TestServer, browser: &Browser, apache: &Apache, person: usize) -> Answer {
    let tenant = &server.tenant;
    let person = [&tenant.person, &tenant.other_person][person];
    let mut answer = browser.get(apache.at("/page.txt")).send().await;
    if answer.status == 200 && answer.body.contains("<form") {
        answer = send_form(browser, &answer).await;
    }
    answer = browser.follow(answer, &tenant.base).await;
    if answer.status == 200 && answer.body.contains("type=\"password\"") {
        answer = submit(tenant, browser, &answer, &person.username, &person.password).await;
    }
    if answer.status == 200 && answer.body.contains("<form") {
        answer = send_form(browser, &answer).await;
    }
    browser.follow(answer, &apache.base).await
}

async fn info(browser: &Browser, apache: &Apache) -> serde_json::Value {
    let info = browser.get(apache.at("/callback?info=json")).send().await;
    info.expect_status(200).json()
}

async fn protects_a_page(server: &TestServer, address: SocketAddr, case: &Case) {
    let tenant = &server.tenant;
    register(server, &format!("http://{address}"), case).await;
    let apache = Apache::start(server, address, case);
    let what = format!("{} {}", case.authentication, case.response_type);

    let browser = tenant.browser();
    let page = open(server, &browser, &apache, 0).await;
    assert_eq!(
        (page.status, page.body.as_str()),
        (200, "for alice alone"),
        "{what}"
    );
    assert_eq!(
        page.header("x-remote-user"),
        Some(tenant.person.id.as_str()),
        "{what}"
    );
    let known = info(&browser, &apache).await;
    assert_eq!(known["id_token"]["sub"], tenant.person.id, "{what}");

    if case.response_type != "id_token" {
        assert_eq!(known["userinfo"]["email"], "alice@client.example", "{what}");
        let token = known["access_token"].as_str().unwrap();
        let api = tenant.browser();
        let answer = api.get(apache.at("/api")).bearer(token).send().await;
        // There is nothing at the address, but the token was good.
        assert_eq!(answer.status, 404, "{what}");
        assert_eq!(
            answer.header("x-remote-user"),
            Some(tenant.person.id.as_str())
        );
        let answer = api.get(apache.at("/api")).bearer("another").send().await;
        assert_eq!(answer.status, 401, "{what}");
    }
    if case.response_type.contains("code") {
        let token = known["access_token"].as_str().unwrap();
        let back = apache.at("/page.txt");
        let refresh = format!("/callback?refresh={back}&access_token={token}");
        let answer = browser.get(apache.at(&refresh)).send().await;
        let to = answer.redirect();
        assert_eq!(
            (to.as_str(), query(&to).len()),
            (back.as_str(), 0),
            "{what}"
        );
        let later = info(&browser, &apache).await;
        assert!(later["access_token"].is_string(), "{what}");
        assert_ne!(later["access_token"], known["access_token"], "{what}");
    }

    let bye = apache.at("/bye");
    let out = browser
        .get(apache.at(&format!("/callback?logout={bye}")))
        .send()
        .await;
    let signoff = out.redirect();
    assert!(
        signoff.as_str().starts_with(&tenant.endpoint("signoff")),
        "{what}: {signoff}"
    );
    let back = browser.get(signoff).send().await.redirect();
    assert_eq!(back.as_str(), bye, "{what}");

    // Nobody is signed on any more, and somebody else may not read the page.
    let page = open(server, &browser, &apache, 1).await;
    assert_eq!(page.status, 401, "{what}");
    assert!(!page.body.contains("for alice alone"));
}

/// An address of the loopback that is this process's own, so that between choosing a port and Apache's
/// listening there nobody else takes it.
fn address() -> SocketAddr {
    let [_, a, b, c] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, a | 64, b, c);
    let free = TcpListener::bind((own, 0)).unwrap();
    free.local_addr().unwrap()
}

#[test]
fn mod_auth_openidc_protects_a_page() {
    run_in_real_time(Adapter::Sqlite, |server| async move {
        for case in &CASES {
            protects_a_page(&server, address(), case).await;
        }
    });
}
