//! npm `oauth4webapi`

use countersign_testkit::{Adapter, App, TestServer, run_in_real_time};
use serde_json::json;

use super::{PROOFS, case, everything, learn_beside, set, strict};

async fn takes_every_grant(server: &TestServer, app: &App, method: &str) {
    let (tenant, person) = (&server.tenant, &server.tenant.person);
    set(server, everything(app, method), strict()).await;
    let mut case = case(tenant, app, method);
    case["audience"] = json!(tenant.base);
    let learned = learn_beside("COUNTERSIGN_TEST_NODE", "node/grants.mjs", &case);
    for way in ["plain", "par", "jar", "subject", "refreshed", "device"] {
        assert_eq!(learned[way], json!(person.id), "{way} {method}: {learned}");
    }
    assert_eq!(learned["userinfo"], json!(person.username));
    assert_eq!(learned["resourceServer"], json!([person.id, app.id]));
    assert_eq!(learned["afterRevocation"], "invalid_grant");
    if method != "NONE" {
        assert_eq!(learned["introspected"], json!([true, person.id, app.id]));
        assert_eq!(learned["own"], json!([true, app.id, "orders:read"]));
    }
}

#[test]
fn oauth4webapi_uses_every_grant_with_a_secret_or_a_key() {
    run_in_real_time(Adapter::Sqlite, |server| async move {
        for method in PROOFS {
            takes_every_grant(&server, &server.tenant.web, method).await;
        }
    });
}

#[test]
fn oauth4webapi_uses_every_grant_of_a_public_client() {
    run_in_real_time(Adapter::Sqlite, |server| async move {
        takes_every_grant(&server, &server.tenant.native, "NONE").await;
    });
}
