//! The head of the index of SQLite's log, as every process that has the database open sees it.

use std::fs::File;
use std::path::Path;

use parking_lot::Mutex;

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
///
/// The locks that SQLite has on the file belong to the process, and the operating system lets go of
/// all of them when any descriptor of the file is closed (<https://sqlite.org/howtocorrupt.html>, 2.2).
/// So this one is closed only once the file is gone: SQLite removes it with its last connection.
#[derive(Debug)]
pub(super) struct Heads(Option<File>);

/// Descriptors of those that were dropped, until their file is gone.
static DROPPED: Mutex<Vec<File>> = Mutex::new(Vec::new());

impl Heads {
    /// Of a database that is open. `None` where there is no such file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let mut name = path.canonicalize().ok()?.into_os_string();
        name.push("-shm");
        let heads = Self(Some(File::open(name).ok()?));
        heads.now().map(|_| heads)
    }

    /// The head now, unless it is being written.
    pub(super) fn now(&self) -> Option<Head> {
        let mut both = [0; 2 * LENGTH];
        read(self.0.as_ref()?, &mut both)?;
        let (first, second) = both.split_first_chunk::<LENGTH>()?;
        (first == second && first[IS_INIT] != 0).then_some(Head(*first))
    }
}

impl Drop for Heads {
    fn drop(&mut self) {
        let mut dropped = DROPPED.lock();
        dropped.extend(self.0.take());
        dropped.retain(is_there);
    }
}

/// SQLite writes the file through memory that it maps; a read sees the same bytes.
#[cfg(unix)]
fn read(file: &File, into: &mut [u8]) -> Option<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, 0).ok()
}

/// Whether somebody can still open the file by its name.
#[cfg(unix)]
fn is_there(file: &File) -> bool {
    let metadata = file.metadata();
    metadata.is_ok_and(|it| std::os::unix::fs::MetadataExt::nlink(&it) > 0)
}

#[cfg(not(unix))]
fn read(_: &File, _: &mut [u8]) -> Option<()> {
    None
}

#[cfg(not(unix))]
fn is_there(_: &File) -> bool {
    true
}
