//! The operations of a sign-on, each fed by the one before.

use anyhow::{Context, Result};

use super::client::{Answer, Connection, Request};
use super::operation::{self, Measured, measure, requests};
use super::process::Server;
use super::world::{self, Flow};

/// Documents that are rendered once per change.
const DOCUMENTS: usize = 150_000;
/// Requests that write.
const WRITES: usize = 15_000;
/// Requests that need a password check each, 20 ms of processor time.
const PASSWORDS: usize = 600;

/// Measures every operation.
pub fn operations(server: &Server) -> Result<Vec<Measured>> {
    let discovery = operation::request(server, "discovery", DOCUMENTS, &world::discovery())?;
    let jwks = operation::request(server, "JWKS", DOCUMENTS, &world::jwks())?;

    let fresh = vec![world::authorize(None); WRITES];
    let (authorize, begun) = requests(server, "authorize, to sign on", 302, &fresh)?;
    let flows = begun.iter().map(Flow::begun).collect::<Result<Vec<_>>>()?;
    let (read, _) = requests(server, "flow GET", 200, &each(&flows, Flow::read))?;
    let (reset, answers) = requests(
        server,
        "flow POST session.reset",
        200,
        &each(&flows, Flow::reset),
    )?;

    let flows = after(&flows, &answers);
    let checks: Vec<Request> = flows
        .iter()
        .take(PASSWORDS)
        .enumerate()
        .map(|(number, flow)| flow.check_password(number))
        .collect();
    let (check, answers) = requests(server, "flow POST with a password", 200, &checks)?;
    let flows = after(&flows, &answers);
    let (resume, _) = requests(server, "resume", 302, &each(&flows, Flow::resume))?;

    let session = &flows.first().context("nobody signed on")?.cookie;
    let again = vec![world::authorize(Some(session)); WRITES];
    let (sso, answers) = requests(server, "authorize, with a session", 302, &again)?;
    let exchange = answers
        .iter()
        .map(|answer| Ok(world::token(&answer.redirect_parameter("code")?)))
        .collect::<Result<Vec<_>>>()?;
    let (token, answers) = requests(server, "token exchange", 200, &exchange)?;
    let userinfos = answers
        .iter()
        .map(|answer| Ok(world::userinfo(&answer.member("access_token")?)))
        .collect::<Result<Vec<_>>>()?;
    let (userinfo, _) = requests(server, "userinfo", 200, &userinfos)?;

    let (whole, _) = measure(server, "whole sign-on", PASSWORDS / 2, sign_on)?;
    Ok(vec![
        discovery, jwks, authorize, read, reset, check, resume, sso, token, userinfo, whole,
    ])
}

fn each(flows: &[Flow], request: impl Fn(&Flow) -> Request) -> Vec<Request> {
    flows.iter().map(request).collect()
}

fn after(flows: &[Flow], answers: &[Answer]) -> Vec<Flow> {
    let pairs = flows.iter().zip(answers);
    pairs.map(|(flow, answer)| flow.after(answer)).collect()
}

/// From authorize to tokens.
fn sign_on(connection: &mut Connection, number: usize) -> Result<()> {
    let flow = Flow::begun(&connection.expect(&world::authorize(None), 302)?)?;
    let flow = flow.after(&connection.expect(&flow.check_password(number), 200)?);
    let resumed = connection.expect(&flow.resume(), 302)?;
    let code = resumed.redirect_parameter("code")?;
    connection.expect(&world::token(&code), 200)?;
    Ok(())
}
