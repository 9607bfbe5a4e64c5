//! What nothing can be cheaper than: a bare answer, one with a durable write, a signature.

use std::time::Duration;

use anyhow::{Result, anyhow};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};

use super::operation::Measured;
use super::process;

/// As long as the claims of a token.
const MESSAGE: [u8; 900] = [7; 900];

/// The floors, measured in this run.
pub struct Floors {
    /// A bare answer.
    pub echo: Measured,
    /// The same after one durable write.
    pub write: Measured,
    /// Processor time of one RSA-2048 signature.
    pub rsa: Duration,
    /// Processor time of one P-256 signature.
    pub p256: Duration,
}

/// Processor time of one RSA-2048 signature, in this process.
pub fn rsa() -> Result<Duration> {
    println!("  one RSA-2048 signature");
    let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let mut signature = vec![0; key.public_modulus_len()];
    let random = SystemRandom::new();
    each(2_000, || {
        key.sign(&RSA_PKCS1_SHA256, &random, &MESSAGE, &mut signature)
    })
}

/// Processor time of one P-256 signature, in this process.
pub fn p256() -> Result<Duration> {
    println!("  one P-256 signature");
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
    let random = SystemRandom::new();
    each(20_000, || key.sign(&random, &MESSAGE).map(drop))
}

fn each(number: u32, mut sign: impl FnMut() -> Result<(), Unspecified>) -> Result<Duration> {
    let before = process::cpu("self")?;
    for _ in 0..number {
        sign().map_err(failed)?;
    }
    Ok(process::cpu("self")?.saturating_sub(before) / number)
}

fn failed(_: Unspecified) -> anyhow::Error {
    anyhow!("signing failed")
}
