//! The operations of a sign-on, each fed by the one before.

use anyhow::{Context, Result};

use super::Bench;
use super::client::{Answer, Connection, Request};
use super::floors::Floors;
use super::operation::{self, measure, requests};
use super::report::Report;
use super::world::{self, Flow, SIGN_ON, USERS, WEB, user};

/// Documents that are rendered once per change.
const DOCUMENTS: usize = 150_000;
/// Requests that read.
const READS: usize = 45_000;
/// Requests that write.
const WRITES: usize = 15_000;
/// Requests that need a password check each, 20 ms of processor time.
const PASSWORDS: usize = 600;

/// Measures every operation.
pub fn run(bench: &Bench, floors: &Floors, report: &mut Report) -> Result<()> {
    let server = &bench.serve_new("sign-on.db", USERS)?;
    let discovery = operation::request(server, "discovery", DOCUMENTS, &world::discovery())?;
    report.of_bare(floors, &discovery, 80.0);
    report.row(discovery);
    let jwks = operation::request(server, "JWKS", DOCUMENTS, &world::jwks())?;
    report.of_bare(floors, &jwks, 80.0);
    report.row(jwks);

    let fresh = vec![world::authorize(WEB, SIGN_ON, None); WRITES];
    let (authorize, begun) = requests(server, "authorize, to sign on", 302, &fresh)?;
    report.row(authorize);
    let flows = begun.iter().map(Flow::begun).collect::<Result<Vec<_>>>()?;
    let many = flows.iter().cycle().take(READS).cloned();
    let (read, _) = requests(
        server,
        "flow GET",
        200,
        &each(&many.collect::<Vec<_>>(), Flow::read),
    )?;
    report.row(read);
    let reset = each(&flows, Flow::reset);
    let (reset, answers) = requests(server, "flow POST session.reset", 200, &reset)?;
    report.at_most(
        "flow POST session.reset / (bare answer + write)",
        1.5,
        reset.cpu.as_secs_f64() / floors.write.cpu.as_secs_f64(),
        "x",
    );
    report.row(reset);

    let flows = after(&flows, &answers);
    let checks: Vec<Request> = flows
        .iter()
        .take(PASSWORDS)
        .enumerate()
        .map(|(number, flow)| flow.check_password(&user(number % USERS)))
        .collect();
    let (check, answers) = requests(server, "flow POST with a password", 200, &checks)?;
    report.row(check);
    let flows = after(&flows, &answers);
    let (resume, _) = requests(server, "resume", 302, &each(&flows, Flow::resume))?;
    report.row(resume);

    let session = &flows.first().context("nobody signed on")?.cookie;
    let again = vec![world::authorize(WEB, SIGN_ON, Some(session)); WRITES];
    let (sso, answers) = requests(server, "authorize, with a session", 302, &again)?;
    report.row(sso);
    let exchange = answers
        .iter()
        .map(|answer| Ok(world::redeem(WEB, &answer.redirect_parameter("code")?)))
        .collect::<Result<Vec<_>>>()?;
    let (token, _) = requests(server, "token exchange", 200, &exchange)?;
    let least = floors.rsa * 2 + floors.write.cpu;
    report.at_most(
        "token exchange / (2 signatures + bare answer + write)",
        1.25,
        token.cpu.as_secs_f64() / least.as_secs_f64(),
        "x",
    );
    report.row(token);

    let (whole, _) = measure(server, "whole sign-on", PASSWORDS / 2, sign_on)?;
    report.at_most("commits: whole sign-on (aim 3)", 4.0, whole.commits, "");
    report.row(whole);
    let loaded = server.resident_mib()?;
    report.note(format!("memory after the sign-ons, in MiB: {loaded:.1}"));
    Ok(())
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
    let flow = world::sign_on(connection, &user(number % USERS))?;
    let resumed = connection.expect(&flow.resume(), 302)?;
    let code = resumed.redirect_parameter("code")?;
    connection.expect(&world::redeem(WEB, &code), 200)?;
    Ok(())
}
