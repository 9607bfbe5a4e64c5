//! npm `openid-client`

use countersign_testkit::{Adapter, run_in_real_time};
use serde_json::json;

use super::{PROOFS, SIGNED_OFF, case, everything, learn_beside, set, strict};

const NODE: &str = "COUNTERSIGN_TEST_NODE";

#[test]
fn openid_client_signs_a_person_on() {
    super::run_for_every_app(NODE, "node/sign_on.mjs");
}

#[test]
fn openid_client_takes_every_way_of_asking_and_answering() {
    run_in_real_time(Adapter::Sqlite, |server| async move {
        for method in PROOFS {
            let (tenant, app) = (&server.tenant, &server.tenant.web);
            set(&server, everything(app, method), strict()).await;
            let learned = learn_beside(NODE, "node/responses.mjs", &case(tenant, app, method));
            for way in [
                "plain",
                "par",
                "jar",
                "plain hybrid",
                "par hybrid",
                "jar hybrid",
                "implicit",
                "refreshed",
                "device",
            ] {
                assert_eq!(
                    learned[way],
                    json!(tenant.person.id),
                    "{way} {method}: {learned}"
                );
            }
            let introspected = json!([true, tenant.person.id, app.id]);
            assert_eq!(learned["introspected"], introspected, "{method}");
            assert_eq!(learned["afterRevocation"], "invalid_grant", "{method}");
            assert_eq!(learned["own"], "orders:read", "{method}");
            assert_eq!(learned["signedOff"], format!("{SIGNED_OFF}?state=bye"));
        }
    });
}
