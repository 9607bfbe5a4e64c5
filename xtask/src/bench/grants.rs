//! What applications ask for on their own: tokens, and what tokens are worth.

use anyhow::Result;

use super::Bench;
use super::client::{Connection, Request};
use super::floors::Floors;
use super::operation::{self, requests};
use super::process::Server;
use super::report::Report;
use super::world::{self, FAST, OFFLINE, ORDERS, SERVICE, SIGN_ON, USERS, WEB, user};

/// Requests of some microseconds.
const READS: usize = 60_000;
/// Requests that sign with RSA, and write.
const SIGNED: usize = 12_000;
/// Different tokens that are asked about.
const TOKENS: usize = 2_000;

/// Measures every operation.
pub fn run(bench: &Bench, floors: &Floors, report: &mut Report) -> Result<()> {
    let server = bench.serve_new("grants.db", USERS)?;
    let credentials = world::client_credentials(SERVICE);
    let rsa = operation::request(&server, "client_credentials, RS256", SIGNED, &credentials)?;
    let credentials = world::client_credentials(FAST);
    let p256 = operation::request(&server, "client_credentials, ES256", READS, &credentials)?;
    let ceiling = |cpu: std::time::Duration| 100.0 * floors.rsa.as_secs_f64() / cpu.as_secs_f64();
    let what = "client_credentials RS256, of the RSA ceiling";
    report.at_least(what, 75.0, ceiling(rsa.cpu), "%");
    report.commits(&rsa, 0.0);
    let times = rsa.cpu.as_secs_f64() / p256.cpu.as_secs_f64();
    report.at_least("client_credentials ES256 / RS256", 8.0, times, "x");
    report.row(rsa);
    report.row(p256);

    let tokens = refresh_tokens(&server, SIGNED, ORDERS)?;
    let refreshes: Vec<Request> = tokens.iter().map(|token| world::refresh(token)).collect();
    let (refresh, _) = requests(&server, "refresh", 200, &refreshes)?;
    let what = "refresh, of the RSA ceiling";
    report.at_least(what, 60.0, ceiling(refresh.cpu), "%");
    report.at_least("commits: refresh, no fewer", 1.0, refresh.commits, "");
    report.commits(&refresh, 1.0);
    report.row(refresh);
    let tokens = refresh_tokens(&server, SIGNED / 2, SIGN_ON)?;
    let refreshes: Vec<Request> = tokens.iter().map(|token| world::refresh(token)).collect();
    let (refresh, _) = requests(&server, "refresh, with an ID token", 200, &refreshes)?;
    report.row(refresh);

    let push = vec![world::push(); SIGNED];
    let (push, _) = requests(&server, "PAR", 201, &push)?;
    report.commits(&push, 1.0);
    report.row(push);

    let access = access_tokens(&server, TOKENS)?;
    drop(server);
    // A process that did not issue them: what another node does, or this one after a restart.
    let server = bench.serve("grants.db", &[])?;
    let once: Vec<Request> = access.iter().map(|it| world::userinfo(it)).collect();
    let (userinfo, _) = requests(&server, "userinfo, another node's token", 200, &once)?;
    report.row(userinfo);
    let again: Vec<Request> = once.iter().cycle().take(READS).cloned().collect();
    let (userinfo, _) = requests(&server, "userinfo", 200, &again)?;
    report.of_bare(floors, &userinfo, 40.0);
    report.row(userinfo);
    let access = access.iter().cycle().take(READS);
    let introspections: Vec<Request> = access.map(|it| world::introspect(WEB, it)).collect();
    let (introspection, _) = requests(&server, "introspection", 200, &introspections)?;
    report.of_bare(floors, &introspection, 40.0);
    report.row(introspection);
    Ok(())
}

/// So many access tokens of one session.
fn access_tokens(server: &Server, number: usize) -> Result<Vec<String>> {
    tokens(server, number, WEB, SIGN_ON, "access_token")
}

fn refresh_tokens(server: &Server, number: usize, scope: &str) -> Result<Vec<String>> {
    tokens(server, number, OFFLINE, scope, "refresh_token")
}

fn tokens(
    server: &Server,
    number: usize,
    client: &str,
    scope: &str,
    member: &str,
) -> Result<Vec<String>> {
    println!("  getting {number} tokens");
    let session = world::sign_on(&mut Connection::open(server.address)?, &user(0))?.cookie;
    let authorize = world::authorize(client, scope, Some(&session));
    let work = |connection: &mut Connection, _| {
        let code = connection
            .expect(&authorize, 302)?
            .redirect_parameter("code")?;
        let answer = connection.expect(&world::redeem(client, &code), 200)?;
        answer.member(member)
    };
    let pace = super::load::Pace::Flat;
    Ok(super::load::run(server.address, number, pace, work)?.results)
}
