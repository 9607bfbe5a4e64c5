//! Files and folders for one pair of eyes.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// Opens a new file with mode 0600 to be written to; fails if it exists.
pub fn open_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(FILE_MODE);
    options.open(path)
}

/// Creates a file with mode 0600; fails if it exists.
pub fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = open_new(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Replaces a file as one step: readers see the old content or the new, never half of it.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut next = path.as_os_str().to_owned();
    next.push(".new");
    let next = Path::new(&next);
    match fs::remove_file(next) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    create(next, content)?;
    fs::rename(next, path)
}

/// Makes a folder with mode 0700 if there is none.
pub fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(path)
}

/// Whether others than the owner may read a file.
pub fn is_open_to_others(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_for_their_owner_and_never_overwritten_by_create() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        create(&file, b"one").unwrap();
        assert!(!is_open_to_others(&file).unwrap());
        assert!(create(&file, b"two").is_err());
        assert_eq!(fs::read(&file).unwrap(), b"one");
        replace(&file, b"two").unwrap();
        replace(&file, b"three").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"three");
        assert!(!is_open_to_others(&file).unwrap());
    }
}
