//! Links the program so that little of it is read at its start.
//!
//! A program that may lie anywhere in memory has a list of the places that the loader mends. Written
//! the common way it is more than a megabyte, all of it read, and counted as used, before the first
//! line runs; packed it is some kilobytes. The loader of glibc 2.36 and newer understands that; with
//! an older one, or another C library, the list stays as it is.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    let is_here = env::var("HOST").ok() == env::var("TARGET").ok();
    if is_here && target("OS") == "linux" && target("ENV") == "gnu" && glibc() >= Some((2, 36)) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's glibc.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf")
        .arg("GNU_LIBC_VERSION")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
