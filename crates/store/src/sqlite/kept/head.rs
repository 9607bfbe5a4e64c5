//! The head of the index of SQLite's log, as every process that has the database open sees it.

use std::fs::File;
use std::path::Path;

/// Length of the head in bytes. It is there twice, one after the other: while it is being written
/// the two differ.
const LENGTH: usize = 48;
/// Where it says that it is complete.
const IS_INIT: usize = 12;

/// The head at some moment. It holds a counter of commits and sums over all of the log, and is
/// different after every commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Head([u8; LENGTH]);

/// Where the head is read.
#[derive(Debug)]
pub(super) struct Heads(&'static File);

impl Heads {
    /// Of a database that is open. `None` where there is no such file.
    ///
    /// The file stays open for the life of the process: the locks that SQLite has on it belong to the
    /// process, and the operating system lets go of all of them when any descriptor of the file is
    /// closed (<https://sqlite.org/howtocorrupt.html>, 2.2).
    pub(super) fn of(path: &Path) -> Option<Self> {
        let mut name = path.canonicalize().ok()?.into_os_string();
        name.push("-shm");
        let heads = Self(Box::leak(Box::new(File::open(name).ok()?)));
        heads.now().map(|_| heads)
    }

    /// The head now, unless it is being written.
    pub(super) fn now(&self) -> Option<Head> {
        let mut both = [0; 2 * LENGTH];
        read(self.0, &mut both)?;
        let (first, second) = both.split_first_chunk::<LENGTH>()?;
        (first == second && first[IS_INIT] != 0).then_some(Head(*first))
    }
}

/// SQLite writes the file through memory that it maps; a read sees the same bytes.
#[cfg(unix)]
fn read(file: &File, into: &mut [u8]) -> Option<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, 0).ok()
}

#[cfg(not(unix))]
fn read(_: &File, _: &mut [u8]) -> Option<()> {
    None
}
