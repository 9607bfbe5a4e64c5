//! What nothing can be cheaper than: a bare answer, one with a durable write, a signature.

use std::time::Duration;

use anyhow::{Result, anyhow};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

use super::process;

const SIGNATURES: u32 = 2_000;

/// Processor time of one RSA-2048 signature, in this process.
pub fn signature() -> Result<Duration> {
    println!("  one RSA-2048 signature");
    let failed = |_| anyhow!("signing failed");
    let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let mut signature = vec![0; key.public_modulus_len()];
    let random = SystemRandom::new();
    let before = process::cpu("self")?;
    for _ in 0..SIGNATURES {
        key.sign(&RSA_PKCS1_SHA256, &random, &[7; 900], &mut signature)
            .map_err(failed)?;
    }
    Ok(process::cpu("self")?.saturating_sub(before) / SIGNATURES)
}
