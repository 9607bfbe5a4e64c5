//! Headless Chromium behind its `WebDriver`.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell;

/// A running chromedriver on a port of its own choice.
pub struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    pub fn start() -> Result<Self> {
        let driver = chromedriver()?;
        println!("starting {}", driver.display());
        let mut process = shell::command("setpriv")
            .args(["--pdeathsig", "TERM"])
            .arg(driver)
            .args(["--port=0", "--log-level=SEVERE"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start chromedriver")?;
        let stdout = process.stdout.take();
        let mut driver = Self { process, port: 0 };
        let mut lines = BufReader::new(stdout.context("chromedriver has no output")?);
        let mut line = String::new();
        while driver.port == 0 {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                bail!("chromedriver ended before it was ready");
            }
            driver.port = port_in(&line).unwrap_or(0);
        }
        std::thread::spawn(move || {
            let mut rest = [0; 4096];
            while lines.read(&mut rest).is_ok_and(|read| read > 0) {}
        });
        Ok(driver)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads `ChromeDriver was started successfully on port 37121.`
fn port_in(line: &str) -> Option<u16> {
    let (_, port) = line.split_once("successfully on port ")?;
    port.trim().trim_end_matches('.').parse().ok()
}

fn chromedriver() -> Result<PathBuf> {
    let find = || {
        shell::find("chromium", &[])?;
        shell::find("chromedriver", &["/usr/lib/chromium".into()])
    };
    if let Some(driver) = find() {
        return Ok(driver);
    }
    shell::apt_install(&["chromium", "chromium-driver"])?;
    find().context("no chromium and chromedriver after installing them")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_port_is_read_from_the_greeting() {
        let line = "ChromeDriver was started successfully on port 37121.\n";
        assert_eq!(super::port_in(line), Some(37121));
    }
}
