//! Whether an operation costs the same whatever else is in the database.

use anyhow::{Context, Result};

use super::Bench;
use super::client::{Connection, Request};
use super::floors::Floors;
use super::load::{self, Pace};
use super::operation::{Measured, requests};
use super::process::Server;
use super::report::Report;
use super::world::{self, ENVIRONMENT, Flow, OFFLINE, ORDERS, SIGN_ON, WEB, WORKER, manage, user};

/// Environments and users at either end.
const ENDS: [(usize, usize); 2] = [(1, 1_000), (10_000, 1_000_000)];
/// How much dearer the large end may be. Less is noise.
const NOISE: f64 = 1.25;
/// Users that sign on, spread over all there are.
const SIGNED_ON: usize = 200;
/// Requests that read.
const READS: usize = 60_000;
/// Requests that write.
const WRITES: usize = 24_000;

/// Measures the operations of busy hours at both ends.
pub fn run(bench: &Bench, _: &Floors, report: &mut Report) -> Result<()> {
    let mut ends = Vec::new();
    for (environments, users) in ENDS {
        let database = format!("{environments}-environments.db");
        drop(bench.serve_new(&database, 1)?);
        if environments > 1 {
            bench.multiply(&database, environments)?;
        }
        let arguments = [ENVIRONMENT, &user(0), &users.to_string()];
        bench.example("populate", &database, &arguments)?;
        let server = bench.serve(&database, &[])?;
        ends.push(operations(&server, users)?);
        drop(server);
        bench.forget(&database)?;
    }
    let [small, large] = &ends[..] else {
        return Ok(());
    };
    for (small, large) in small.iter().zip(large) {
        let ratio = large.cpu.as_secs_f64() / small.cpu.as_secs_f64();
        let what = format!("{}, 10,000 environments and 1,000,000 users", small.name);
        report.at_most(what, NOISE, ratio, "x");
    }
    for (end, (_, users)) in ends.into_iter().zip(ENDS) {
        for operation in end {
            let name = format!("{} ({users} users)", operation.name);
            report.row(Measured { name, ..operation });
        }
    }
    Ok(())
}

fn operations(server: &Server, users: usize) -> Result<Vec<Measured>> {
    let spread = |number: usize| user(number * (users / SIGNED_ON) % users);
    println!("  signing {SIGNED_ON} users on");
    let work = |connection: &mut Connection, number| {
        let flow = world::sign_on(connection, &spread(number))?;
        Ok(flow.cookie)
    };
    let sessions = load::run(server.address, SIGNED_ON, Pace::Flat, work)?.results;
    let session = |number: usize| sessions.get(number % SIGNED_ON).map(String::as_str);

    let fresh = vec![world::authorize(WEB, SIGN_ON, None); WRITES];
    let (authorize, begun) = requests(server, "authorize, to sign on", 302, &fresh)?;
    let flows = begun.iter().map(|answer| Ok(Flow::begun(answer)?.read()));
    let flows = flows.collect::<Result<Vec<Request>>>()?;
    let reads: Vec<Request> = flows.iter().cycle().take(READS).cloned().collect();
    let (read, _) = requests(server, "flow GET", 200, &reads)?;

    let again = |number| world::authorize(WEB, SIGN_ON, session(number));
    let again: Vec<Request> = (0..WRITES).map(again).collect();
    let (sso, answers) = requests(server, "authorize, with a session", 302, &again)?;
    let exchanges = answers
        .iter()
        .map(|answer| Ok(world::redeem(WEB, &answer.redirect_parameter("code")?)));
    let exchanges = exchanges.collect::<Result<Vec<_>>>()?;
    let (token, answers) = requests(server, "token exchange", 200, &exchanges)?;
    let access = answers.iter().map(|answer| answer.member("access_token"));
    let access = access.collect::<Result<Vec<_>>>()?;
    let access = || access.iter().cycle().take(READS);
    let userinfos: Vec<Request> = access().map(|it| world::userinfo(it)).collect();
    let (userinfo, _) = requests(server, "userinfo", 200, &userinfos)?;
    let introspections: Vec<Request> = access().map(|it| world::introspect(WEB, it)).collect();
    let (introspection, _) = requests(server, "introspection", 200, &introspections)?;

    println!("  getting refresh tokens");
    let work = |connection: &mut Connection, number| {
        let authorize = world::authorize(OFFLINE, ORDERS, session(number));
        let code = connection
            .expect(&authorize, 302)?
            .redirect_parameter("code")?;
        let answer = connection.expect(&world::redeem(OFFLINE, &code), 200)?;
        Ok(world::refresh(&answer.member("refresh_token")?))
    };
    let refreshes = load::run(server.address, WRITES / 2, Pace::Flat, work)?.results;
    let (refresh, _) = requests(server, "refresh", 200, &refreshes)?;

    let mut connection = Connection::open(server.address)?;
    let token_of_worker = connection.expect(&world::client_credentials(WORKER), 200)?;
    let token_of_worker = &token_of_worker.member("access_token")?;
    let find = |number: usize| {
        let name = user(number * 997 % users);
        let filter = format!("/users?filter=username%20eq%20%22{name}%22");
        manage("GET", &filter, token_of_worker, None)
    };
    let find: Vec<Request> = (0..WRITES).map(find).collect();
    let (find, _) = requests(server, "/v1 GET users by username", 200, &find)?;
    let list = manage("GET", "/users?limit=20", token_of_worker, None);
    let list = vec![list; READS / 20];
    let (list, _) = requests(server, "/v1 GET users, 20", 200, &list)?;
    sessions.first().context("nobody signed on")?;
    Ok(vec![
        authorize,
        read,
        sso,
        token,
        refresh,
        userinfo,
        introspection,
        find,
        list,
    ])
}
