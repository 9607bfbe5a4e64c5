//! The database, the master key, and the clock as the database remembers it.

use std::path::Path;
use std::time::Duration;

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::environment::Environment;
use countersign_domain::ids::{EnvId, random_uuid};
use countersign_domain::ports::Ports;
use countersign_domain::store::{Batch, Doc, Fault, Key, Query};
use countersign_domain::time::Time;

use countersign_store::Database;

use super::Report;
use crate::config::Config;
use crate::sealed_check::check_master_key;
use crate::wire_up::{self, Overrides};

/// 2026-01-01: nobody ran this program before.
const EARLIEST: Time = Time::from_seconds(1_767_225_600);
/// Clocks of servers differ by less than this when somebody keeps them.
const TOLERANCE: Duration = Duration::from_mins(1);
/// How long a probe lives should the doctor be interrupted.
const PROBE_LIFETIME: Duration = Duration::from_mins(1);

pub async fn examine(config: &Config, report: &mut Report) {
    if let Database::Sqlite(path) = &config.database
        && !path.exists()
    {
        return absent(path, report);
    }
    let ports = match wire_up::ports(config, Overrides::default()).await {
        Ok(ports) => ports,
        Err(error) => {
            return report.fail(
                "database",
                format!("{error:#}"),
                "check --database: does the folder (or the server) exist, and may this user write?",
            );
        }
    };
    match ports.store.health().await {
        Ok(health) => report.ok(
            "database",
            format!(
                "{} {}, migration {}",
                health.adapter, health.version, health.migration
            ),
        ),
        Err(fault) => {
            return report.fail(
                "database",
                fault.to_string(),
                "is the database server running?",
            );
        }
    }
    match write_and_delete(&ports).await {
        Ok(()) => report.ok("database", "a document was written, read and deleted"),
        Err(error) => report.fail(
            "database",
            format!("cannot write: {error}"),
            "give this user the right to write; is the disk full or mounted read-only?",
        ),
    }
    match check_master_key(&ports).await {
        Ok(()) => report.ok("master key", "opens what is sealed in the database"),
        Err(error) => report.fail(
            "master key",
            format!("{error:#}"),
            "without the right key, client secrets and signing keys are lost",
        ),
    }
    clock(&ports, report).await;
}

/// A first start will make the file; the doctor does not, lest a misspelt path becomes a database.
fn absent(path: &Path, report: &mut Report) {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if folder.is_dir() {
        report.warn(
            "database",
            format!("{} does not exist", path.display()),
            "fine before the first start, which makes it; otherwise check the path",
        );
    } else {
        report.fail(
            "database",
            format!("there is no folder {}", folder.display()),
            "make it, or correct the path",
        );
    }
}

async fn write_and_delete(ports: &Ports) -> Result<(), Fault> {
    let now = ports.clock.now();
    let id = random_uuid(&*ports.entropy).to_string();
    let key = Key::new(kinds::PROBE, EnvId::PLATFORM, id);
    let doc = Doc {
        expires_at: Some(now.plus(PROBE_LIFETIME)),
        ..Doc::new(key.clone(), "{}".to_owned())
    };
    ports.store.commit(Batch::new().put(doc), now).await?;
    let found = ports.store.get(&key, now).await?;
    ports.store.commit(Batch::new().delete(key), now).await?;
    match found {
        Some(_) => Ok(()),
        None => Err(Fault::Storage(
            "a document that was written is not there".to_owned(),
        )),
    }
}

/// No time server is asked; a clock that lags behind what the database has seen gives itself away.
async fn clock(ports: &Ports, report: &mut Report) {
    let now = ports.clock.now();
    let query = Query::all(Environment::KIND, EnvId::PLATFORM, 100);
    let newest = match ports.store.list(&query, now).await {
        Ok(page) => page
            .docs
            .iter()
            .filter_map(|doc| Environment::from_doc(doc).ok())
            .map(|environment| environment.updated_at)
            .max(),
        Err(_) => None,
    };
    clock_against(now, newest, report);
}

fn clock_against(now: Time, newest: Option<Time>, report: &mut Report) {
    const MEND: &str = "set the clock and keep it with NTP (timedatectl set-ntp true)";
    if now < EARLIEST {
        report.fail("clock", format!("{now} cannot be now"), MEND);
    } else if let Some(newest) = newest
        && newest.since(now) > TOLERANCE
    {
        let text = format!("it is {now} here, but the database knows of {newest}");
        report.fail("clock", text, MEND);
    } else {
        report.ok("clock", now.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_lags_behind_the_database_is_wrong() {
        let now = EARLIEST.plus(Duration::from_hours(24));
        let verdict = |now, newest| {
            let mut report = Report::default();
            clock_against(now, newest, &mut report);
            !report.has_failed()
        };
        assert!(verdict(now, None));
        assert!(verdict(now, Some(now.plus(Duration::from_secs(30)))));
        assert!(!verdict(now, Some(now.plus(Duration::from_secs(90)))));
        assert!(!verdict(Time::EPOCH, None));
    }
}
