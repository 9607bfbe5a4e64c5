//! The way through the API: one request a user, on many connections at once. The server writes
//! those that come together in one durable commit.

use std::time::Duration;

use anyhow::{Context, bail};
use countersign_domain::ids::EnvId;
use countersign_protocol::v1::environments::users::mass::{Judged, Line, Tally};
use futures_util::{StreamExt, stream};
use http::{StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

/// Requests at once.
const AT_ONCE: usize = 64;
/// How often a request is made again that came at the wrong time.
const ATTEMPTS: u32 = 60;
/// Until then, where the server does not say.
const PAUSE: Duration = Duration::from_secs(1);

/// The users of an environment, at the API of a server.
pub(super) struct Api {
    client: reqwest::Client,
    users: String,
    token: SecretString,
    population: Option<String>,
}

/// As much of an error as is told.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    code: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    message: String,
}

impl Api {
    pub(super) async fn open(
        url: &str,
        token: SecretString,
        env: EnvId,
        population: Option<&str>,
    ) -> anyhow::Result<Self> {
        let environment = format!("{}/v1/environments/{env}", url.trim_end_matches('/'));
        let mut api = Self {
            client: reqwest::Client::builder().build()?,
            users: format!("{environment}/users"),
            token,
            population: None,
        };
        if let Some(named) = population {
            let list = format!("{environment}/populations");
            api.population = Some(api.population(&list, named).await?);
        }
        Ok(api)
    }

    async fn population(&self, list: &str, named: &str) -> anyhow::Result<String> {
        let request = self.client.get(list);
        let request = request.bearer_auth(self.token.expose_secret());
        let answer = request.send().await?.error_for_status()?;
        let found: Value = serde_json::from_slice(&answer.bytes().await?)?;
        let all = found
            .pointer("/_embedded/populations")
            .and_then(Value::as_array);
        let mut all = all.into_iter().flatten();
        let found =
            all.find(|it| [it.get("id"), it.get("name")].contains(&Some(&Value::from(named))));
        let id = found.and_then(|it| it.get("id")?.as_str());
        let id = id.with_context(|| format!("the environment has no population {named}"))?;
        Ok(id.to_owned())
    }

    /// Creates the users of some lines.
    pub(super) async fn create(&self, lines: &[Line]) -> anyhow::Result<Judged> {
        let requests: Vec<_> = lines.iter().map(|line| self.one(line)).collect();
        let mut tallies = stream::iter(requests).buffered(AT_ONCE);
        let mut sum = Tally::default();
        while let Some(tally) = tallies.next().await {
            sum.add(tally?);
        }
        Ok(Judged::done(sum))
    }

    async fn one(&self, line: &Line) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        if line.text.trim_ascii().is_empty() {
            return Ok(tally);
        }
        let body = self.placed(&line.text);
        for _ in 0..ATTEMPTS {
            let request = self.client.post(&self.users);
            let media = "application/vnd.pingidentity.user.import+json";
            let request = request.header(header::CONTENT_TYPE, media);
            let request = request.bearer_auth(self.token.expose_secret());
            let answer = request.body(body.clone()).send().await?;
            match answer.status() {
                StatusCode::CREATED => {
                    tally.created = 1;
                    return Ok(tally);
                }
                StatusCode::BAD_REQUEST => {
                    let text = answer.bytes().await?;
                    refused(
                        line,
                        serde_json::from_slice(&text).unwrap_or_default(),
                        &mut tally,
                    );
                    return Ok(tally);
                }
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    tokio::time::sleep_until(Instant::now() + pause(&answer)).await;
                }
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => bail!(
                    "the token is not, or not any more, good for this ({}); run the same command \
                     with another one to go on",
                    answer.status()
                ),
                other => bail!("line {}: the server answered {other}", line.number),
            }
        }
        bail!("the server has too much to do; run the same command later to go on")
    }

    /// The line, in the population that was named.
    fn placed(&self, text: &[u8]) -> Vec<u8> {
        if let Some(population) = &self.population
            && let Ok(Value::Object(mut body)) = serde_json::from_slice(text)
            && body.get("population").is_none_or(Value::is_null)
        {
            body.insert("population".to_owned(), json!({ "id": population }));
            return Value::Object(body).to_string().into_bytes();
        }
        text.to_vec()
    }
}

fn pause(answer: &reqwest::Response) -> Duration {
    let after = answer.headers().get(header::RETRY_AFTER);
    let seconds = after.and_then(|it| it.to_str().ok()?.parse().ok());
    seconds.map_or(PAUSE, Duration::from_secs)
}

/// What a refusal says of a line. That the user name is taken means that its user is there.
fn refused(line: &Line, refusal: Refusal, tally: &mut Tally) {
    let is_there = |it: &Detail| it.code == "UNIQUENESS_VIOLATION" && it.target == "username";
    if refusal.details.iter().any(is_there) {
        tally.present = 1;
    } else if refusal.details.is_empty() {
        tally.wrong.push(line.problem("", refusal.message));
    } else {
        let details = refusal.details.into_iter();
        let problems = details.map(|it| line.problem(it.target, it.message));
        tally.wrong.extend(problems);
    }
}
