//! The program as its users start it: a process of its own, its command line, its signals.
#![cfg(test)]

mod commands;
mod explain;
mod quick_start;
mod serve;
mod users;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The program, without whatever the environment of the test run would tell it.
fn countersign(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("COUNTERSIGN_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder);
    command
}

/// Runs it to its end.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    countersign(folder).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server in a process; killed if the test does not stop it.
struct Running {
    child: Child,
    /// What it said until it was ready.
    said: String,
}

/// Which of its outputs says that it is ready.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Out,
    Err,
}

impl Running {
    /// Starts it and reads what it says up to the line with `ready` in it.
    fn start(mut command: Command, says: Says, ready: &str) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut server = Self {
            child: command.spawn().unwrap(),
            said: String::new(),
        };
        let output: Box<dyn Read> = match says {
            Says::Out => Box::new(server.child.stdout.take().unwrap()),
            Says::Err => Box::new(server.child.stderr.take().unwrap()),
        };
        for line in BufReader::new(output).lines() {
            server.said.push_str(&line.unwrap());
            server.said.push('\n');
            if server.said.contains(ready) {
                return server;
            }
        }
        let mut rest = String::new();
        if let Some(mut other) = server.child.stderr.take() {
            other.read_to_string(&mut rest).unwrap();
        }
        panic!("it ended without being ready: {}{rest}", server.said);
    }

    /// Reads its log, if it says that it is ready elsewhere, up to the line with `event` in it.
    fn until_log(&mut self, event: &str) {
        let log = self.child.stderr.as_mut().unwrap();
        let mut read = String::new();
        for line in BufReader::new(log).lines() {
            read.push_str(&line.unwrap());
            read.push('\n');
            if read.contains(event) {
                return;
            }
        }
        panic!("it ended before the log told of it: {read}");
    }

    /// Sends SIGTERM and waits; says whether it ended well.
    fn stop(mut self) -> bool {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        sent.success() && self.child.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
