//! What a password policy asks for, in words.

use countersign_domain::password::policy::{ALPHABETS, PasswordPolicy, Requirement};

/// One thing that a new password must be like.
pub(super) struct Line {
    /// In words.
    pub text: String,
    /// Whether the password that was tried is not.
    pub unmet: bool,
}

/// Everything that can be told beforehand, and whatever else was lacking.
pub(super) fn lines(policy: &PasswordPolicy, lacking: &[Requirement]) -> Vec<Line> {
    ALL.iter()
        .filter_map(|requirement| {
            let unmet = lacking.contains(requirement);
            let text = words(*requirement, policy, unmet)?;
            Some(Line { text, unmet })
        })
        .collect()
}

const ALL: [Requirement; 14] = [
    Requirement::Length,
    Requirement::MinCharacters,
    Requirement::MinUniqueCharacters,
    Requirement::MaxRepeatedCharacters,
    Requirement::MinComplexity,
    Requirement::ExcludesCommonlyUsed,
    Requirement::ExcludesProfileData,
    Requirement::NotSimilarToCurrent,
    Requirement::History,
    Requirement::MinAgeDays,
    Requirement::AlphabetSequenceRule,
    Requirement::NumberSequenceRule,
    Requirement::QwertySequenceRule,
    Requirement::ShiftedNumberRowSequenceRule,
];

/// `None`: the policy does not ask for it, or it is worth saying only to who fell short of it.
fn words(requirement: Requirement, policy: &PasswordPolicy, unmet: bool) -> Option<String> {
    let only_if = |condition: bool, text: &str| condition.then(|| text.to_owned());
    match requirement {
        Requirement::Length => {
            let length = policy.length?;
            Some(format!("{} to {} characters", length.min, length.max))
        }
        Requirement::MinCharacters => kinds(policy),
        Requirement::MinUniqueCharacters => {
            let fewest = policy.min_unique_characters?;
            Some(format!("At least {fewest} different characters"))
        }
        Requirement::MaxRepeatedCharacters => {
            let most = policy.max_repeated_characters?;
            Some(format!("No character more than {most} times in a row"))
        }
        Requirement::MinComplexity => only_if(
            policy.min_complexity.is_some(),
            "Long or varied enough not to be guessed",
        ),
        Requirement::ExcludesCommonlyUsed => only_if(
            policy.excludes_commonly_used,
            "Not one of the passwords that many people use",
        ),
        Requirement::ExcludesProfileData => only_if(
            policy.excludes_profile_data,
            "No part of your name, username or address",
        ),
        Requirement::NotSimilarToCurrent => {
            if policy.not_similar_to_current {
                Some("Not like the current password".to_owned())
            } else {
                only_if(unmet, "Not the current password")
            }
        }
        Requirement::History => only_if(unmet, "Not one of your former passwords"),
        Requirement::MinAgeDays => only_if(
            unmet,
            "Your password was changed a short while ago and cannot be changed again yet",
        ),
        Requirement::AlphabetSequenceRule => only_if(
            policy.alphabet_sequence_rule.is_some(),
            "No letters in the order of the alphabet",
        ),
        Requirement::NumberSequenceRule => only_if(
            policy.number_sequence_rule.is_some(),
            "No digits in counting order",
        ),
        Requirement::QwertySequenceRule => only_if(
            policy.qwerty_sequence_rule.is_some(),
            "No letters in the order of the keyboard",
        ),
        Requirement::ShiftedNumberRowSequenceRule => only_if(
            policy.shifted_number_row_sequence_rule.is_some(),
            "No signs in the order of the keyboard",
        ),
    }
}

/// "At least 1 capital letter, 1 small letter, ..."
fn kinds(policy: &PasswordPolicy) -> Option<String> {
    let names = [
        "capital letter",
        "small letter",
        "digit",
        "special character",
    ];
    let asked: Vec<String> = ALPHABETS
        .iter()
        .zip(names)
        .filter_map(|(alphabet, name)| {
            let fewest = *policy.min_characters.get(*alphabet)?;
            let plural = if fewest == 1 { "" } else { "s" };
            (fewest > 0).then(|| format!("{fewest} {name}{plural}"))
        })
        .collect();
    (!asked.is_empty()).then(|| format!("At least {}", asked.join(", ")))
}
