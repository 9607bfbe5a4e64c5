//! A throw-away PostgreSQL cluster in a temporary folder, on a free port of the loopback.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell;

/// The oldest major version that the tests are meant for.
const OLDEST: u32 = 15;

/// A running cluster. It ends when this is dropped, and also when this process is killed.
pub struct Cluster {
    server: Child,
    port: u16,
    /// Removed on drop, after the server has ended.
    _folder: tempfile::TempDir,
}

impl Cluster {
    pub fn start() -> Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new()
            .prefix("countersign-pg-")
            .tempdir()?;
        let place = folder.path().display().to_string();
        println!(
            "starting a throw-away PostgreSQL in {place} ({})",
            programs.display()
        );
        // PostgreSQL refuses to run as root.
        let user = if shell::is_root() {
            let mut chown = shell::command("chown");
            shell::run(chown.args(["postgres:", &place]))?;
            Some("postgres")
        } else {
            None
        };
        let data = format!("{place}/data");
        let mut initdb = as_user(user, &programs.join("initdb"));
        initdb.current_dir(&place);
        initdb.args(["--pgdata", &data, "--username=postgres", "--auth=trust"]);
        shell::output(initdb.args(["--encoding=UTF8", "--no-locale"]))?;

        let port = free_port()?;
        let mut postgres = as_user(user, &programs.join("postgres"));
        postgres.current_dir(&place);
        postgres.args(["-D", &data, "-p", &port.to_string(), "-k", &place]);
        for setting in ["listen_addresses=127.0.0.1", "max_connections=300"] {
            postgres.args(["-c", setting]);
        }
        // Not the memory of the machine but correctness is what the tests are about.
        postgres.args(["-c", "shared_buffers=64MB", "-c", "log_min_messages=log"]);
        let mut server = postgres
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start postgres")?;
        let stderr = server.stderr.take();
        let cluster = Self {
            server,
            port,
            _folder: folder,
        };
        await_ready(stderr)?;
        Ok(cluster)
    }

    /// Where tests connect, as a role that may create databases.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGQUIT is PostgreSQL's immediate shutdown: nothing here is worth a checkpoint.
        let mut kill = shell::command("kill");
        let asked = kill.args(["-QUIT", &self.server.id().to_string()]).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
    }
}

/// Reads the server's log until it takes connections, then lets a thread drain the rest.
fn await_ready(stderr: Option<ChildStderr>) -> Result<()> {
    let mut log = BufReader::new(stderr.context("postgres has no log")?);
    let mut seen = String::new();
    loop {
        let start = seen.len();
        if log.read_line(&mut seen)? == 0 {
            bail!("postgres ended:\n{seen}");
        }
        let line = seen.get(start..).unwrap_or_default();
        if line.contains("database system is ready to accept connections") {
            break;
        }
    }
    std::thread::spawn(move || {
        let mut rest = [0; 4096];
        while log.read(&mut rest).is_ok_and(|read| read > 0) {}
    });
    Ok(())
}

/// The folder of PostgreSQL's programs, installed first if need be.
fn programs() -> Result<PathBuf> {
    if let Some(folder) = installed() {
        return Ok(folder);
    }
    shell::apt_install(&["postgresql"])?;
    installed().with_context(|| format!("no PostgreSQL {OLDEST} or newer after installing it"))
}

fn installed() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(version, bin)| *version >= OLDEST && bin.join("initdb").is_file())
        .collect();
    versions.sort();
    // The oldest that will do: what runs there runs on the newer ones.
    let packaged = versions.into_iter().next().map(|(_, bin)| bin);
    packaged.or_else(|| Some(shell::find("initdb", &[])?.parent()?.to_path_buf()))
}

/// A command as another user, which gets SIGINT (a fast shutdown) when this process is gone.
fn as_user(user: Option<&str>, program: &std::path::Path) -> Command {
    let mut words: Vec<OsString> = vec!["--pdeathsig".into(), "INT".into()];
    if let Some(user) = user {
        words.extend([
            format!("--reuid={user}").into(),
            format!("--regid={user}").into(),
            "--init-groups".into(),
        ]);
    }
    words.push(program.into());
    let mut command = Command::new("setpriv");
    command.args(words);
    command
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    Ok(listener.local_addr()?.port())
}
