//! The iframe at `/{envID}/as/checksession`, embedded by a client's page of another origin

use countersign_testkit::webdriver::{Chromium, JavaScript};
use countersign_testkit::{Adapter, run_today};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A client's page: asks the iframe about the `session_state` in its own address, and says what it
/// heard by the id of a paragraph.
fn page(iframe: &str, client: &str) -> String {
    let origin = url::Url::parse(iframe)
        .unwrap()
        .origin()
        .ascii_serialization();
    format!(
        r#"<!doctype html><title>client</title><iframe id="op" src="{iframe}"></iframe>
<button id="ask">Ask</button><p></p><script>
const state = new URLSearchParams(location.search).get("session_state");
const op = document.getElementById("op").contentWindow;
addEventListener("message", (event) => {{
  if (event.origin === "{origin}") document.querySelector("p").id = event.data;
}});
document.getElementById("ask").addEventListener("click", () => {{
  document.querySelector("p").id = "";
  op.postMessage(`{client} ${{state}}`, "{origin}");
}});
</script>"#
    )
}

/// Serves one page at every path.
async fn serve(listener: TcpListener, page: String) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = [0; 8192];
        let _ = stream.read(&mut request).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n";
        let answer = format!("{head}content-length: {}\r\n\r\n{page}", page.len());
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

#[test]
fn a_client_s_page_learns_of_a_sign_off() {
    run_today(Adapter::Memory, |server| async move {
        let tenant = &server.tenant;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = format!("http://{}/callback", listener.local_addr().unwrap());
        let client = page(&tenant.endpoint("checksession"), &tenant.spa.id);
        let serving = tokio::spawn(serve(listener, client));
        let application = json!({
            "id": tenant.spa.id, "name": "Single page",
            "redirectUris": [here], "opSessionCheckEnabled": true,
        });
        let environment =
            json!({ "id": tenant.id, "name": "First", "applications": [application] });
        server
            .import(&json!({ "environments": [environment] }))
            .await;

        let chromium = Chromium::open(JavaScript::On).await;
        let request = tenant.authorize(&tenant.spa).set("redirect_uri", &here);
        chromium.go(&request.url()).await;
        let person = &tenant.person;
        chromium
            .fill("input[name=username]", &person.username)
            .await;
        chromium
            .fill("input[type=password]", &person.password)
            .await;
        chromium.click_through("#sign-on", "#ask").await;
        let signed_on = chromium.url().await;
        assert!(signed_on.contains("session_state="), "{signed_on}");
        chromium.click_through("#ask", "#unchanged").await;

        chromium.go(&tenant.endpoint("signoff")).await;
        chromium.go(&signed_on).await;
        chromium.click_through("#ask", "#changed").await;
        chromium.go(&format!("{here}?session_state=nonsense")).await;
        chromium.click_through("#ask", "#error").await;
        chromium.close().await;
        serving.abort();
    });
}
