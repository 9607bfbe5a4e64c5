//! PyPI `Authlib`

#[test]
fn authlib_signs_a_person_on() {
    super::run_for_every_app("COUNTERSIGN_TEST_PYTHON", "python/sign_on.py");
}
