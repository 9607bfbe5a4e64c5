//! npm `openid-client`

#[test]
fn openid_client_signs_a_person_on() {
    super::run_for_every_app("COUNTERSIGN_TEST_NODE", "node/sign_on.mjs");
}
