//! Numbered SQL files, applied once and never edited afterwards. The database keeps the text of
//! each, which tells a changed file from the one that was applied, and an operator what was done.

use countersign_domain::store::Fault;

/// One numbered file.
pub(crate) struct Migration {
    pub number: u32,
    pub sql: &'static str,
}

/// For SQLite.
pub(crate) const SQLITE: &[Migration] = &[Migration {
    number: 1,
    sql: include_str!("../migrations/0001_documents.sqlite.sql"),
}];

/// For PostgreSQL and its relatives.
pub(crate) const POSTGRES: &[Migration] = &[Migration {
    number: 1,
    sql: include_str!("../migrations/0001_documents.postgres.sql"),
}];

/// The migrations still to apply, given number and text of those applied already, in order.
pub(crate) fn pending<'m>(
    known: &'m [Migration],
    applied: &[(i64, String)],
) -> Result<&'m [Migration], Fault> {
    for (position, (number, sql)) in applied.iter().enumerate() {
        let Some(migration) = known.get(position) else {
            return Err(Fault::Storage(format!(
                "the database is newer than this program: it has migration {number}, the newest \
                 known here is {}; run the newer program, or restore a backup",
                known.len()
            )));
        };
        if i64::from(migration.number) != *number {
            return Err(Fault::Storage(format!(
                "the database has migration {number} in the place of migration {}",
                migration.number
            )));
        }
        if migration.sql != sql {
            return Err(Fault::Storage(format!(
                "migration {number} was applied with another text than this program has; the \
                 database comes from a different build"
            )));
        }
    }
    Ok(known.get(applied.len()..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Migration] = &[
        Migration {
            number: 1,
            sql: "one",
        },
        Migration {
            number: 2,
            sql: "two",
        },
    ];

    fn refusal(applied: &[(i64, &str)]) -> String {
        match pending(KNOWN, &owned(applied)) {
            Err(Fault::Storage(text)) => text,
            other => panic!("not refused: {}", other.is_ok()),
        }
    }

    fn owned(applied: &[(i64, &str)]) -> Vec<(i64, String)> {
        let applied = applied.iter();
        applied
            .map(|(number, sql)| (*number, (*sql).to_owned()))
            .collect()
    }

    #[test]
    fn only_what_is_missing_is_applied() {
        assert_eq!(pending(KNOWN, &[]).unwrap().len(), 2);
        let rest = pending(KNOWN, &owned(&[(1, "one")])).unwrap();
        assert_eq!(rest.first().unwrap().number, 2);
        let all = owned(&[(1, "one"), (2, "two")]);
        assert!(pending(KNOWN, &all).unwrap().is_empty());
    }

    #[test]
    fn a_newer_database_is_refused() {
        let text = refusal(&[(1, "one"), (2, "two"), (3, "three")]);
        assert!(text.contains("newer than this program"), "{text}");
    }

    #[test]
    fn an_edited_migration_is_refused() {
        let text = refusal(&[(1, "One")]);
        assert!(text.contains("another text"), "{text}");
    }
}
