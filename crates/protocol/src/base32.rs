//! Base 32 (RFC 4648 6), in which secrets of authenticator applications are written.

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Without padding, as applications that read key URIs want it.
///
/// Spec: RFC 4648 6.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(5) {
        let mut padded = [0; 8];
        for (to, from) in padded.iter_mut().skip(3).zip(chunk) {
            *to = *from;
        }
        let bits = u64::from_be_bytes(padded);
        for letter in 0..(chunk.len() * 8).div_ceil(5) {
            let index = (bits >> (35 - 5 * letter)) & 31;
            let letter = usize::try_from(index).ok().and_then(|it| LETTERS.get(it));
            out.push(letter.copied().map_or('A', char::from));
        }
    }
    out
}

/// Back again, in any case of letters, with padding or without; `None` for what is no base 32.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u16, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let letter = letter.to_ascii_uppercase();
        let value = LETTERS.iter().position(|it| *it == letter)?;
        bits = (bits << 5) | u16::try_from(value).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    // What is left over of the last letter is nothing.
    (count < 5 && bits == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648 10.
    #[test]
    fn it_is_that_of_the_rfc() {
        for (text, expected) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(encode(text.as_bytes()), expected);
            let decoded = decode(&expected.to_lowercase());
            assert_eq!(decoded.as_deref(), Some(text.as_bytes()));
        }
        assert_eq!(decode("MZXW6===").as_deref(), Some(&b"foo"[..]));
        for bad in ["M", "MZ1", "MZ Q", "MR", "ÄÄ"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
