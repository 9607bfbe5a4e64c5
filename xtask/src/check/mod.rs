//! `cargo xtask check`: what can be judged without running the product.

mod bans;
mod directions;
mod sizes;

use anyhow::{Result, bail};

use crate::files;
use crate::r#gen;
use crate::openapi;
use crate::rules::Rules;
use crate::shell;

/// One gate: its name, and what is wrong (empty when it is passed).
type Gate = (&'static str, fn() -> Result<Vec<String>>);

const GATES: [Gate; 9] = [
    ("file sizes", sizes::complaints),
    ("crate directions", directions::complaints),
    ("banned crates", bans::complaints),
    ("one home for each rule", rules),
    ("generated files are fresh", fresh),
    ("all of PingOne's API, or why not", openapi::complaints),
    ("no paths of one machine", machine_paths),
    ("links between documents", links),
    ("format and clippy", lints),
];

pub fn run() -> Result<()> {
    let mut failed = Vec::new();
    for (name, gate) in GATES {
        let complaints = match gate() {
            Ok(complaints) => complaints,
            Err(error) => vec![format!("{error:#}")],
        };
        if complaints.is_empty() {
            println!("  ok    {name}");
            continue;
        }
        println!("  FAIL  {name}");
        for complaint in complaints {
            println!("        {complaint}");
        }
        failed.push(name);
    }
    if !failed.is_empty() {
        bail!("not passed: {}", failed.join(", "));
    }
    Ok(())
}

fn lints() -> Result<Vec<String>> {
    let mut fmt = shell::cargo();
    shell::run(fmt.args(["fmt", "--all", "--", "--check"]))?;
    let mut clippy = shell::cargo();
    clippy.args([
        "clippy",
        "--quiet",
        "--locked",
        "--workspace",
        "--all-targets",
    ]);
    shell::run(clippy.args(["--", "-D", "warnings"]))?;
    Ok(Vec::new())
}

fn rules() -> Result<Vec<String>> {
    Ok(Rules::read(&files::rust()?).conflicts())
}

fn fresh() -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for (path, make) in r#gen::GENERATED {
        let text = make()?;
        if std::fs::read_to_string(shell::root().join(path)).is_ok_and(|old| old == text) {
            continue;
        }
        complaints.push(format!("{path} is stale: run `cargo xtask gen`"));
    }
    Ok(complaints)
}

/// A path of the machine that somebody wrote a file on means nothing to anybody else.
fn machine_paths() -> Result<Vec<String>> {
    let mut paths = vec![shell::root().display().to_string()];
    if let Some(home) = std::env::var_os("HOME") {
        paths.push(format!("{}/", home.to_string_lossy().trim_end_matches('/')));
    }
    paths.retain(|path| path.len() > 2);
    let mut complaints = Vec::new();
    for file in files::all()? {
        for (number, line) in (1..).zip(file.text.lines()) {
            if paths.iter().any(|path| line.contains(path)) {
                complaints.push(format!("{}:{number}", file.path));
            }
        }
    }
    Ok(complaints)
}

/// Relative links in Markdown lead to files that exist.
fn links() -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for file in files::all()? {
        let Some((folder, extension)) = std::path::Path::new(&file.path)
            .parent()
            .zip(std::path::Path::new(&file.path).extension())
        else {
            continue;
        };
        if extension != "md" {
            continue;
        }
        for part in file.text.split("](").skip(1) {
            let target = part.split([')', '#', ' ']).next().unwrap_or_default();
            let is_local = !target.is_empty() && !target.contains(':');
            if is_local && !shell::root().join(folder).join(target).exists() {
                complaints.push(format!("{} links to {target}", file.path));
            }
        }
    }
    Ok(complaints)
}
