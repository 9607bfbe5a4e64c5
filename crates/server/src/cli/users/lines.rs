//! The file, line by line, in chunks: memory does not grow with the file.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_protocol::v1::environments::users::mass::Line;
use tokio::sync::mpsc;

/// Longest line in bytes. A longer one is no user; its beginning alone is kept, which is not JSON.
const LONGEST: u64 = 1024 * 1024;
/// Most bytes of one chunk.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Lines that are judged together and written as one batch.
pub(super) struct Chunk {
    pub lines: Vec<Line>,
    /// Bytes of the file up to its end.
    pub end: u64,
}

/// How many lines a chunk has: few where each takes long.
#[derive(Clone)]
pub(super) struct Size(Arc<AtomicUsize>);

impl Size {
    /// Lines of the first chunk, and of every one with passwords in clear: a second of hashing.
    const FEW: usize = 64;
    /// Lines of a chunk otherwise: less than a second of the database's writer. Where user names
    /// come in no order, each page of an index is written once in a batch and not once for each
    /// line, so that a fifth of this would take nearly twice the time.
    const MANY: usize = 10_000;

    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(Self::FEW)))
    }

    /// Adapts to what the last chunk was like.
    pub(super) fn adapt(&self, is_slow: bool) {
        let lines = if is_slow { Self::FEW } else { Self::MANY };
        self.0.store(lines, Ordering::Relaxed);
    }
}

/// Reads everything, on a thread of its own, no further ahead than the channel is long.
pub(super) fn read(
    mut input: impl BufRead + Send + 'static,
    size: Size,
    ahead: usize,
) -> io::Result<mpsc::Receiver<io::Result<Chunk>>> {
    let (sender, receiver) = mpsc::channel(ahead);
    std::thread::Builder::new()
        .name("lines".to_owned())
        .spawn(move || {
            let (mut number, mut end) = (0, 0);
            loop {
                let most = size.0.load(Ordering::Relaxed);
                let chunk = chunk(&mut input, most, &mut number, &mut end);
                let is_last = !matches!(&chunk, Ok(Some(_)));
                let Some(chunk) = chunk.transpose() else {
                    return;
                };
                // Nobody listens any more when the import has ended early.
                if sender.blocking_send(chunk).is_err() || is_last {
                    return;
                }
            }
        })?;
    Ok(receiver)
}

fn chunk(
    input: &mut impl BufRead,
    most: usize,
    number: &mut usize,
    end: &mut u64,
) -> io::Result<Option<Chunk>> {
    let mut lines = Vec::new();
    let mut bytes = 0;
    while lines.len() < most && bytes < MOST_BYTES {
        let Some((text, length)) = line(input)? else {
            break;
        };
        *number += 1;
        *end += length;
        bytes += text.len();
        lines.push(Line {
            number: *number,
            text,
        });
    }
    let end = *end;
    Ok((!lines.is_empty()).then_some(Chunk { lines, end }))
}

/// A line without its end, and how many bytes it took.
fn line(input: &mut impl BufRead) -> io::Result<Option<(Vec<u8>, u64)>> {
    let mut text = Vec::new();
    let read = input.take(LONGEST).read_until(b'\n', &mut text)?;
    let mut length = u64::try_from(read).unwrap_or(u64::MAX);
    if length == 0 {
        return Ok(None);
    }
    if text.last() == Some(&b'\n') {
        text.pop();
    } else if length >= LONGEST {
        length += u64::try_from(input.skip_until(b'\n')?).unwrap_or_default();
        text.truncate(64);
    }
    Ok(Some((text, length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], most: usize) -> Vec<(Vec<usize>, u64)> {
        let (mut input, mut number, mut end) = (text, 0, 0);
        let mut found = Vec::new();
        while let Some(it) = chunk(&mut input, most, &mut number, &mut end).unwrap() {
            found.push((it.lines.iter().map(|it| it.number).collect(), it.end));
        }
        found
    }

    #[test]
    fn lines_are_numbered_and_the_last_needs_no_end() {
        assert_eq!(all(b"a\n\nb\nc", 2), [(vec![1, 2], 3), (vec![3, 4], 6)]);
        assert_eq!(all(b"", 2), []);
    }

    #[test]
    fn a_line_without_an_end_is_not_kept() {
        let mut text = vec![b'x'; 3_000_000];
        text.extend(b"\nlast");
        let mut input = &text[..];
        let (kept, length) = line(&mut input).unwrap().unwrap();
        assert_eq!((kept.len(), length), (64, 3_000_001));
        assert_eq!(line(&mut input).unwrap().unwrap().0, b"last");
    }
}
