//! "Did you mean ...?"

/// The candidate closest to a misspelt name, if one is close enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase().replace('_', "-");
    let best = candidates
        .into_iter()
        .map(|candidate| (distance(&name, candidate), candidate))
        .min()?;
    (best.0 <= name.len().max(3) / 3 + 1).then_some(best.1)
}

/// Letters to insert, remove, replace or swap with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (row, letter_a) in a.chars().enumerate() {
        let mut current = vec![row + 1];
        let mut previous_b = None;
        for (column, letter_b) in b.iter().copied().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX);
            let mut cost = (at(&last, column) + usize::from(letter_a != letter_b))
                .min(at(&last, column + 1) + 1)
                .min(at(&current, column) + 1);
            if column > 0 && previous_a == Some(letter_b) && previous_b == Some(letter_a) {
                cost = cost.min(at(&before, column - 1).saturating_add(1));
            }
            current.push(cost);
            previous_b = Some(letter_b);
        }
        before = last;
        last = current;
        previous_a = Some(letter_a);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["auth-url", "api-url", "listen", "master-key-file"];

    #[test]
    fn slips_of_the_finger_are_understood() {
        for (typed, meant) in [
            ("auth_ulr", "auth-url"),
            ("Listen", "listen"),
            ("lsiten", "listen"),
            ("master_key_fle", "master-key-file"),
            ("apiurl", "api-url"),
        ] {
            assert_eq!(nearest(typed, NAMES), Some(meant));
        }
    }

    #[test]
    fn something_else_altogether_is_not_guessed_at() {
        assert_eq!(nearest("frobnicate-the-bits", NAMES), None);
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn distances_are_right() {
        for (a, b, expected) in [
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("ab", "ba", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
