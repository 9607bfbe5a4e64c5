//! PyPI `Authlib`

use countersign_testkit::{Adapter, run_in_real_time};
use serde_json::json;

use super::{PROOFS, case, everything, learn_beside, set};

const PYTHON: &str = "COUNTERSIGN_TEST_PYTHON";

#[test]
fn authlib_signs_a_person_on() {
    super::run_for_every_app(PYTHON, "python/sign_on.py");
}

/// The environment is as lenient as PingOne is: the library names the endpoint as the audience of an
/// assertion, and cannot be told to name the issuer.
#[test]
fn authlib_uses_every_grant_it_knows_by_every_client_authentication() {
    run_in_real_time(Adapter::Sqlite, |server| async move {
        for method in PROOFS {
            let (tenant, app) = (&server.tenant, &server.tenant.web);
            set(&server, everything(app, method), json!({})).await;
            let learned = learn_beside(PYTHON, "python/grants.py", &case(tenant, app, method));
            let subject = json!(tenant.person.id);
            for way in [
                "id_token token",
                "code id_token",
                "code id_token token",
                "code",
                "refreshed",
            ] {
                assert_eq!(learned[way], subject, "{way} {method}: {learned}");
            }
            let introspected = json!([true, tenant.person.id, app.id]);
            assert_eq!(learned["introspected"], introspected, "{method}");
            assert_eq!(learned["afterRevocation"], "invalid_grant", "{method}");
            assert_eq!(learned["own"], "orders:read", "{method}");
        }
    });
}
