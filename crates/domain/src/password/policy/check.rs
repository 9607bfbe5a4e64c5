//! Whether a new password is what the policy asks for.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use super::{PasswordPolicy, SequenceRule};
use crate::user::User;

/// What a new password lacks. The names are the policy's keys (`reference/flows.md` 7.2).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Requirement {
    /// It was used before.
    History,
    /// It has parts of the profile.
    ExcludesProfileData,
    /// It is like the current one.
    NotSimilarToCurrent,
    /// Everybody uses it.
    ExcludesCommonlyUsed,
    /// It is guessed too soon.
    MinComplexity,
    /// A character comes too often in a row.
    MaxRepeatedCharacters,
    /// Too few different characters.
    MinUniqueCharacters,
    /// Too short or too long.
    Length,
    /// Characters of some kind are missing.
    MinCharacters,
    /// The current one is too young to be changed.
    MinAgeDays,
    /// A run of the alphabet.
    AlphabetSequenceRule,
    /// A run of digits.
    NumberSequenceRule,
    /// A run of a keyboard row.
    QwertySequenceRule,
    /// A run of the shifted number row.
    ShiftedNumberRowSequenceRule,
}

/// What of the profile must not be in the password.
#[derive(Debug, Clone, Default)]
pub struct ProfileData(Vec<String>);

/// Parts shorter than this are in every second password by chance.
const SHORTEST_PROFILE_PART: usize = 3;

impl ProfileData {
    /// User name, e-mail address and its local part, names, nickname and numbers of a user.
    pub fn of(user: &User) -> Self {
        let name = user.name.as_ref();
        let local = user.email.as_deref().and_then(|it| it.split('@').next());
        let parts = [
            Some(user.username.as_str()),
            user.email.as_deref(),
            local,
            name.and_then(|it| it.given.as_deref()),
            name.and_then(|it| it.middle.as_deref()),
            name.and_then(|it| it.family.as_deref()),
            user.nickname.as_deref(),
            user.mobile_phone.as_deref(),
            user.primary_phone.as_deref(),
        ];
        let long_enough = |it: &String| it.chars().count() >= SHORTEST_PROFILE_PART;
        let parts = parts.into_iter().flatten().map(str::to_lowercase);
        Self(parts.filter(long_enough).collect())
    }
}

/// What `new` lacks; nothing, if it is fine. History needs slow hashes and the age needs the
/// credential: the caller adds those two.
pub fn check(
    policy: &PasswordPolicy,
    new: &str,
    current: Option<&str>,
    profile: &ProfileData,
) -> BTreeSet<Requirement> {
    if policy.bypass_policy {
        return BTreeSet::new();
    }
    let lower = new.to_lowercase();
    let too_common = || COMMON.contains(lower.as_str());
    let verdicts = [
        (Requirement::Length, is_wrong_length(policy, new)),
        (Requirement::MinCharacters, lacks_characters(policy, new)),
        (
            Requirement::MaxRepeatedCharacters,
            policy
                .max_repeated_characters
                .is_some_and(|most| longest_repeat(new) > most as usize),
        ),
        (
            Requirement::MinUniqueCharacters,
            policy
                .min_unique_characters
                .is_some_and(|fewest| new.chars().collect::<BTreeSet<_>>().len() < fewest as usize),
        ),
        (
            Requirement::MinComplexity,
            policy
                .min_complexity
                .is_some_and(|days| days_to_guess(new) < f64::from(days)),
        ),
        (
            Requirement::ExcludesCommonlyUsed,
            policy.excludes_commonly_used && too_common(),
        ),
        (
            Requirement::ExcludesProfileData,
            policy.excludes_profile_data && profile.0.iter().any(|it| lower.contains(it)),
        ),
        (
            Requirement::NotSimilarToCurrent,
            current.is_some_and(|it| {
                it == new || policy.not_similar_to_current && distance_below(it, new, 3)
            }),
        ),
        (
            Requirement::AlphabetSequenceRule,
            has_run(
                policy.alphabet_sequence_rule,
                &lower,
                &["abcdefghijklmnopqrstuvwxyz"],
            ),
        ),
        (
            Requirement::NumberSequenceRule,
            has_run(policy.number_sequence_rule, new, &["0123456789"]),
        ),
        (
            Requirement::QwertySequenceRule,
            has_run(
                policy.qwerty_sequence_rule,
                &lower,
                &["qwertyuiop", "asdfghjkl", "zxcvbnm"],
            ),
        ),
        (
            Requirement::ShiftedNumberRowSequenceRule,
            has_run(
                policy.shifted_number_row_sequence_rule,
                new,
                &["!@#$%^&*()"],
            ),
        ),
    ];
    let failed = verdicts.into_iter().filter(|(_, failed)| *failed);
    failed.map(|(requirement, _)| requirement).collect()
}

fn is_wrong_length(policy: &PasswordPolicy, new: &str) -> bool {
    let count = new.chars().count();
    policy
        .length
        .is_some_and(|it| !(it.min as usize..=it.max as usize).contains(&count))
}

fn lacks_characters(policy: &PasswordPolicy, new: &str) -> bool {
    policy.min_characters.iter().any(|(alphabet, fewest)| {
        new.chars().filter(|it| alphabet.contains(*it)).count() < *fewest as usize
    })
}

fn longest_repeat(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    let mut last = None;
    for character in text.chars() {
        run = if last == Some(character) { run + 1 } else { 1 };
        last = Some(character);
        longest = longest.max(run);
    }
    longest
}

/// "Password haystacks": the search space is the sum of depth^i over all lengths up to this one,
/// searched at 10^11 guesses a second.
fn days_to_guess(text: &str) -> f64 {
    let depth = |present: bool, size: u32| if present { size } else { 0 };
    let any = |test: fn(char) -> bool| text.chars().any(test);
    let known = |it: char| it.is_ascii_graphic() || it == ' ';
    let depth = if text.chars().all(known) {
        depth(any(|it| it.is_ascii_lowercase()), 26)
            + depth(any(|it| it.is_ascii_uppercase()), 26)
            + depth(any(|it| it.is_ascii_digit()), 10)
            + depth(any(|it| it.is_ascii_punctuation() || it == ' '), 33)
    } else {
        256
    };
    let depth = f64::from(depth);
    let space = text.chars().fold(0.0, |sum, _| (sum + 1.0) * depth);
    space / 1e11 / 86_400.0
}

/// Whether the Levenshtein distance is below `limit`. Lengths that differ by more settle it at once.
fn distance_below(a: &str, b: &str, limit: usize) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) >= limit {
        return false;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (to, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = diagonal + usize::from(from != to);
            left = cost.min(above + 1).min(left + 1);
            next.push(left);
            diagonal = *above;
        }
        row = next;
    }
    row.last().is_some_and(|distance| *distance < limit)
}

fn has_run(rule: Option<SequenceRule>, text: &str, rows: &[&str]) -> bool {
    let Some(rule) = rule else { return false };
    let forbidden = rule.max_length as usize + 1;
    let characters: Vec<char> = text.chars().collect();
    rows.iter().any(|row| {
        let forward: Vec<char> = row.chars().collect();
        let backward: Vec<char> = row.chars().rev().collect();
        characters.windows(forbidden).any(|part| {
            forward.windows(forbidden).any(|it| it == part)
                || backward.windows(forbidden).any(|it| it == part)
        })
    })
}

/// The head of the lists of leaked passwords, folded and sorted, a line each: `common.txt`.
///
/// Made from the password list of zxcvbn (MIT: `common.LICENSE.txt`):
/// its 8,000 most frequent ones of six characters or more, and a few that administrators like.
/// Shorter ones are too short for every policy with a length.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").lines().collect());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PasswordPolicyId;
    use crate::time::Time;

    fn standard() -> PasswordPolicy {
        PasswordPolicy::standard(PasswordPolicyId::from_uuid(uuid::Uuid::nil()), Time::EPOCH)
    }

    fn lacks(policy: &PasswordPolicy, new: &str, current: Option<&str>) -> Vec<Requirement> {
        let profile = ProfileData(vec!["lovelace".to_owned()]);
        check(policy, new, current, &profile).into_iter().collect()
    }

    #[test]
    fn a_good_password_lacks_nothing() {
        assert_eq!(lacks(&standard(), "2FederateM0re!", None), []);
    }

    #[test]
    fn each_rule_of_standard_is_told_by_its_name() {
        let policy = standard();
        assert_eq!(lacks(&policy, "aB3!xyz", None), [Requirement::Length]);
        assert_eq!(
            lacks(&policy, "aB3xyzuvw", None),
            [Requirement::MinCharacters]
        );
        assert_eq!(
            lacks(&policy, "aaaB3!xyz", None),
            [Requirement::MaxRepeatedCharacters]
        );
        assert_eq!(
            lacks(&policy, "aB3!aB3!", None),
            [Requirement::MinUniqueCharacters]
        );
        assert_eq!(
            lacks(&policy, "P@ssw0rd1", None),
            [Requirement::ExcludesCommonlyUsed]
        );
        assert_eq!(
            lacks(&policy, "1Lovelace!x", None),
            [Requirement::ExcludesProfileData]
        );
        assert_eq!(
            lacks(&policy, "2FederateM0re!", Some("2FederateM0re!!!")),
            [Requirement::NotSimilarToCurrent]
        );
        assert_eq!(
            lacks(&policy, "2FederateM0re!", Some("2FederateM0re!!!!")),
            []
        );
    }

    #[test]
    fn the_current_password_is_always_refused() {
        let basic =
            PasswordPolicy::basic(PasswordPolicyId::from_uuid(uuid::Uuid::nil()), Time::EPOCH);
        assert_eq!(
            lacks(&basic, "2FederateM0re!", Some("2FederateM0re!")),
            [Requirement::NotSimilarToCurrent]
        );
    }

    #[test]
    fn a_passphrase_needs_to_withstand_guessing() {
        let policy =
            PasswordPolicy::passphrase(PasswordPolicyId::from_uuid(uuid::Uuid::nil()), Time::EPOCH);
        assert_eq!(lacks(&policy, "horse", None), [Requirement::MinComplexity]);
        assert_eq!(lacks(&policy, "correct horse battery", None), []);
        assert_eq!(lacks(&policy, "", None), [Requirement::MinComplexity]);
    }

    #[test]
    fn runs_are_found_in_both_directions() {
        let mut policy = standard();
        policy.number_sequence_rule = Some(SequenceRule { max_length: 2 });
        policy.qwerty_sequence_rule = Some(SequenceRule { max_length: 3 });
        assert_eq!(
            lacks(&policy, "xA!q321kz", None),
            [Requirement::NumberSequenceRule]
        );
        assert_eq!(lacks(&policy, "xA!q32kkz1", None), []);
        assert_eq!(
            lacks(&policy, "1!kEWQxREWQx", None),
            [Requirement::QwertySequenceRule]
        );
    }

    #[test]
    fn the_list_of_common_passwords_is_one() {
        assert!(COMMON.len() > 8_000, "{}", COMMON.len());
        for word in COMMON.iter() {
            assert_eq!(*word, word.trim().to_lowercase());
            assert!(word.len() >= 6 && word.is_ascii(), "{word}");
        }
        let mut policy = standard();
        policy.excludes_commonly_used = false;
        assert_eq!(lacks(&policy, "P@ssw0rd1", None), []);
    }

    #[test]
    fn each_run_has_its_own_rule() {
        let three = Some(SequenceRule { max_length: 3 });
        let mut policy = standard();
        policy.alphabet_sequence_rule = three;
        assert_eq!(
            lacks(&policy, "x1!CdEfQz7", None),
            [Requirement::AlphabetSequenceRule]
        );
        assert_eq!(lacks(&policy, "x1!CdEQz7f", None), []);
        let mut policy = standard();
        policy.shifted_number_row_sequence_rule = three;
        assert_eq!(
            lacks(&policy, "x7Qz$#@!kp", None),
            [Requirement::ShiftedNumberRowSequenceRule]
        );
        assert_eq!(lacks(&policy, "x7Qz$#@kp!", None), []);
    }

    #[test]
    fn a_policy_can_be_switched_off_as_a_whole() {
        let mut policy = standard();
        policy.bypass_policy = true;
        assert_eq!(lacks(&policy, "password", None), []);
    }

    #[test]
    fn lengths_count_characters_and_every_alphabet_counts_for_itself() {
        let mut policy = standard();
        assert_eq!(
            lacks(&policy, "Äö1!Ünïé", None),
            [Requirement::MinCharacters]
        );
        policy.min_characters.insert("0123456789".to_owned(), 3);
        assert_eq!(
            lacks(&policy, "aB12!xyz", None),
            [Requirement::MinCharacters]
        );
        assert_eq!(lacks(&policy, "aB12!xy3", None), []);
        let long = format!("aB1!x{}", "yzab".repeat(63));
        assert_eq!(long.chars().count(), 257);
        assert!(lacks(&standard(), &long, None).contains(&Requirement::Length));
    }
}
