//! A server process under measurement, looked at from outside: `/proc`, `/metrics`, the clock.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::client::{Connection, Request};
use super::clock;
use crate::shell;

/// Linux reports processor time in hundredths of a second on every architecture.
const TICK: Duration = Duration::from_millis(10);
/// A server that is not there after this never will be.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between knocks while a server starts.
const KNOCK: Duration = Duration::from_micros(500);

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    admin: Option<SocketAddr>,
    /// From the start of the process to its first good answer.
    pub ready_after: Duration,
}

impl Server {
    /// Starts `binary` with `arguments` and waits until `ready` is answered with 200 at `address`.
    pub fn start(
        binary: &Path,
        arguments: &[&str],
        address: SocketAddr,
        admin: Option<SocketAddr>,
        ready: &str,
    ) -> Result<Self> {
        let mut command = shell::command(binary);
        command.args(arguments).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::inherit());
        let begun = clock::now();
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut server = Self {
            child,
            address,
            admin,
            ready_after: Duration::ZERO,
        };
        let knock = Request::get(ready, None);
        let is_ready = || Connection::open(address)?.expect(&knock, 200);
        while is_ready().is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{} ended: {status}", binary.display());
            }
            if clock::now() - begun > PATIENCE {
                bail!("{} does not answer", binary.display());
            }
            clock::wait(KNOCK);
        }
        server.ready_after = clock::now() - begun;
        Ok(server)
    }

    /// Processor time of all its threads so far, in user and kernel mode.
    pub fn cpu(&self) -> Result<Duration> {
        cpu(&self.child.id().to_string())
    }

    /// Resident memory in MiB.
    pub fn resident_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix("kB"));
        let kib: f64 = kib.context("no VmRSS")?.trim().parse()?;
        Ok(kib / 1024.0)
    }

    /// Durable batches so far; none without an admin listener.
    pub fn commits(&self) -> Result<f64> {
        const COMMITS: &str = "countersign_store_commits_total ";
        let Some(admin) = self.admin else {
            return Ok(0.0);
        };
        let metrics = Connection::open(admin)?.expect(&Request::get("/metrics", None), 200)?;
        let mut lines = metrics.body.lines();
        let value = lines.find_map(|line| line.strip_prefix(COMMITS));
        Ok(value.context("/metrics has no commits")?.trim().parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of a process, `self` or a number.
pub fn cpu(process: &str) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Fields 14 and 15, counted behind the command name, which may hold spaces.
    let (_, behind) = stat.rsplit_once(')').context("an odd /proc/PID/stat")?;
    let mut fields = behind.split_ascii_whitespace().skip(11);
    let mut ticks = || -> Result<u32> { Ok(fields.next().context("too short")?.parse()?) };
    Ok(TICK * (ticks()? + ticks()?))
}

/// An address of the loopback interface that nobody listens on.
pub fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}
