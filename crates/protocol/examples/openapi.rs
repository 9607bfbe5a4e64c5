//! Prints the description of the management API: `cargo xtask gen` writes it to `docs/openapi.json`.

fn main() {
    println!("{:#}", countersign_protocol::v1::openapi::document());
}
