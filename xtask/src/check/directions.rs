//! Crates depend on each other one way, and a dependency has one home (docs/architecture.md).

use anyhow::Result;

use crate::cargo;

/// Each crate: those of ours that it may use, and those of others that it must not.
struct Direction {
    name: &'static str,
    may_use: &'static [&'static str],
    must_not_use: &'static [&'static str],
}

const RUNTIMES: [&str; 6] = ["tokio", "axum", "hyper", "tower", "reqwest", "http"];
const DATABASES: [&str; 3] = ["rusqlite", "tokio-postgres", "deadpool-postgres"];

const DIRECTIONS: [Direction; 6] = [
    Direction {
        name: "countersign-domain",
        may_use: &[],
        must_not_use: &["jsonwebtoken", "tracing", "clap", "anyhow", "askama"],
    },
    Direction {
        name: "countersign-protocol",
        may_use: &["countersign-domain"],
        must_not_use: &["clap", "anyhow", "askama"],
    },
    Direction {
        name: "countersign-store",
        may_use: &["countersign-domain"],
        must_not_use: &[
            "axum",
            "hyper",
            "tower",
            "reqwest",
            "http",
            "jsonwebtoken",
            "anyhow",
        ],
    },
    Direction {
        name: "countersign-web",
        may_use: &["countersign-domain", "countersign-protocol"],
        must_not_use: &["jsonwebtoken", "clap", "anyhow"],
    },
    Direction {
        name: "countersign-server",
        may_use: &[
            "countersign-domain",
            "countersign-protocol",
            "countersign-store",
            "countersign-web",
        ],
        must_not_use: &["jsonwebtoken", "askama"],
    },
    Direction {
        name: "xtask",
        may_use: &[],
        must_not_use: &[],
    },
];

pub fn complaints() -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for package in cargo::metadata()?.packages {
        let Some(direction) = DIRECTIONS.iter().find(|one| one.name == package.name) else {
            if package.name != "countersign-testkit" {
                complaints.push(format!("{} has no row in directions.rs", package.name));
            }
            continue;
        };
        for dependency in package.dependencies.iter().filter(|one| one.kind.is_none()) {
            let name = dependency.name.as_str();
            let is_ours = name.starts_with("countersign-");
            if (is_ours && !direction.may_use.contains(&name)) || is_banned(direction, name) {
                complaints.push(format!("{} must not use {name}", package.name));
            }
        }
    }
    Ok(complaints)
}

fn is_banned(direction: &Direction, dependency: &str) -> bool {
    let is_pure = matches!(
        direction.name,
        "countersign-domain" | "countersign-protocol"
    );
    direction.must_not_use.contains(&dependency)
        || (is_pure && RUNTIMES.contains(&dependency))
        || (direction.name != "countersign-store" && DATABASES.contains(&dependency))
}
