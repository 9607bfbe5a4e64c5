//! What the clients need: Node with its packages, Python with its own, Apache with its module.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell;

/// Installs the packages at the versions pinned beside the clients; says where the programs are.
pub fn prepare() -> Result<Vec<(String, String)>> {
    Ok(vec![
        ("COUNTERSIGN_TEST_NODE".to_owned(), node()?),
        ("COUNTERSIGN_TEST_PYTHON".to_owned(), python()?),
        ("COUNTERSIGN_TEST_APACHE".to_owned(), apache()?),
    ])
}

/// Installs the packages of Node; says where the accessibility checks are.
pub fn axe() -> Result<(String, String)> {
    node()?;
    let script = shell::root().join("clients/node/node_modules/axe-core/axe.min.js");
    Ok((
        "COUNTERSIGN_TEST_AXE".to_owned(),
        script.display().to_string(),
    ))
}

fn node() -> Result<String> {
    if shell::find("node", &[]).is_none() || shell::find("npm", &[]).is_none() {
        shell::apt_install(&["nodejs", "npm"])?;
    }
    let node = shell::find("node", &[]).context("no node after installing it")?;
    let folder = shell::root().join("clients/node");
    let lock = folder.join("package-lock.json");
    if !is_newer(&folder.join("node_modules/.package-lock.json"), &lock) {
        let mut npm = shell::command("npm");
        npm.current_dir(&folder);
        shell::run(npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]))?;
    }
    Ok(node.display().to_string())
}

fn python() -> Result<String> {
    let requirements = shell::root().join("clients/python/requirements.txt");
    let venv = shell::root().join("target/clients/python");
    let python = venv.join("bin/python");
    let done = venv.join("installed");
    if !is_newer(&done, &requirements) {
        let make = || {
            let mut make = shell::command("python3");
            shell::run(make.args(["-m", "venv", "--clear"]).arg(&venv))
        };
        if shell::find("python3", &[]).is_none() || make().is_err() {
            shell::apt_install(&["python3", "python3-venv"])?;
            make()?;
        }
        let mut pip = shell::command(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        shell::run(pip.args(["--no-deps", "--requirement"]).arg(&requirements))?;
        std::fs::write(&done, "")?;
    }
    Ok(python.display().to_string())
}

/// Debian's package of the module brings the server along, without starting it.
fn apache() -> Result<String> {
    let module = Path::new("/usr/lib/apache2/modules/mod_auth_openidc.so");
    let find = || shell::find("apache2", &[PathBuf::from("/usr/sbin")]);
    if find().is_none() || !module.is_file() {
        shell::apt_install(&["libapache2-mod-auth-openidc"])?;
    }
    let apache = find().context("no apache2 after installing it")?;
    Ok(apache.display().to_string())
}

/// Whether `made` exists and was written after `source`.
fn is_newer(made: &Path, source: &Path) -> bool {
    let time = |file: &Path| {
        std::fs::metadata(file)
            .and_then(|data| data.modified())
            .ok()
    };
    matches!((time(made), time(source)), (Some(made), Some(source)) if made >= source)
}
