//! One TLS stack, one cryptographic library.

use anyhow::Result;

use crate::shell;

/// Crates that must not be in what we ship, and why.
const BANNED: [(&str, &str); 5] = [
    ("ring", "aws-lc-rs is our cryptography"),
    ("openssl", "aws-lc-rs is our cryptography"),
    ("openssl-sys", "a build must not need a system library"),
    ("native-tls", "rustls is our TLS"),
    ("libpq-sys", "a build must not need a system library"),
];

pub fn complaints() -> Result<Vec<String>> {
    let mut tree = shell::cargo();
    tree.args(["tree", "--locked", "--workspace", "--edges=normal,build"]);
    tree.args([
        "--target=x86_64-unknown-linux-gnu",
        "--prefix=none",
        "--format={p}",
    ]);
    let tree = shell::output(&mut tree)?;
    let mut names: Vec<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    names.sort_unstable();
    names.dedup();
    Ok(BANNED
        .iter()
        .filter(|(name, _)| names.contains(name))
        .map(|(name, why)| format!("{name}: {why} (see `cargo tree --invert {name}`)"))
        .collect())
}
