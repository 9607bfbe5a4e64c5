//! What a password policy asks for, in words.

use countersign_domain::password::policy::{ALPHABETS, PasswordPolicy, Requirement};

use serde_json::{Value, json};

use super::frame::Frame;

/// One thing that a new password must be like.
pub(super) struct Line {
    /// In words.
    pub text: String,
    /// The same without whether it is met.
    pub plain: String,
    /// Whether the password that was tried is not.
    pub unmet: bool,
    /// The same for scripts, where they can judge it while it is typed: JSON.
    pub rule: Option<String>,
}

/// Everything that can be told beforehand, and whatever else was lacking.
pub(super) fn lines(frame: &Frame, policy: &PasswordPolicy, lacking: &[Requirement]) -> Vec<Line> {
    ALL.iter()
        .filter_map(|requirement| {
            let unmet = lacking.contains(requirement);
            let plain = words(frame, *requirement, policy, unmet)?;
            let text = if unmet {
                let requirement = [("requirement", plain.as_str().into())];
                frame.say_with("requirement-unmet", requirement)
            } else {
                plain.clone()
            };
            let rule = rule(*requirement, policy).map(|rule| rule.to_string());
            Some(Line {
                text,
                plain,
                unmet,
                rule,
            })
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
fn words(
    frame: &Frame,
    requirement: Requirement,
    policy: &PasswordPolicy,
    unmet: bool,
) -> Option<String> {
    let only_if = |condition: bool, key: &str| condition.then(|| frame.say(key).into_owned());
    match requirement {
        Requirement::Length => {
            let length = policy.length?;
            let bounds = [("min", length.min.into()), ("max", length.max.into())];
            Some(frame.say_with("requirement-length", bounds))
        }
        Requirement::MinCharacters => kinds(frame, policy),
        Requirement::MinUniqueCharacters => {
            let fewest = policy.min_unique_characters?;
            let count = [("count", fewest.into())];
            Some(frame.say_with("requirement-different-characters", count))
        }
        Requirement::MaxRepeatedCharacters => {
            let most = policy.max_repeated_characters?;
            Some(frame.say_with("requirement-repeated-characters", [("count", most.into())]))
        }
        Requirement::MinComplexity => {
            only_if(policy.min_complexity.is_some(), "requirement-complexity")
        }
        Requirement::ExcludesCommonlyUsed => {
            only_if(policy.excludes_commonly_used, "requirement-common")
        }
        Requirement::ExcludesProfileData => {
            only_if(policy.excludes_profile_data, "requirement-profile")
        }
        Requirement::NotSimilarToCurrent => {
            if policy.not_similar_to_current {
                only_if(true, "requirement-similar")
            } else {
                only_if(unmet, "requirement-current")
            }
        }
        Requirement::History => only_if(unmet, "requirement-history"),
        Requirement::MinAgeDays => only_if(unmet, "requirement-age"),
        Requirement::AlphabetSequenceRule => only_if(
            policy.alphabet_sequence_rule.is_some(),
            "requirement-alphabet",
        ),
        Requirement::NumberSequenceRule => only_if(
            policy.number_sequence_rule.is_some(),
            "requirement-digit-sequence",
        ),
        Requirement::QwertySequenceRule => only_if(
            policy.qwerty_sequence_rule.is_some(),
            "requirement-keyboard",
        ),
        Requirement::ShiftedNumberRowSequenceRule => only_if(
            policy.shifted_number_row_sequence_rule.is_some(),
            "requirement-number-row",
        ),
    }
}

/// What a script can judge by the text of the password alone. The server judges all of it again.
fn rule(requirement: Requirement, policy: &PasswordPolicy) -> Option<Value> {
    match requirement {
        Requirement::Length => {
            let length = policy.length?;
            Some(json!({ "min": length.min, "max": length.max }))
        }
        Requirement::MinCharacters => {
            let kinds = policy.min_characters.iter();
            let kinds: Vec<_> = kinds.map(|(of, count)| json!([of, count])).collect();
            Some(json!({ "kinds": kinds }))
        }
        Requirement::MinUniqueCharacters => {
            Some(json!({ "unique": policy.min_unique_characters? }))
        }
        Requirement::MaxRepeatedCharacters => {
            Some(json!({ "repeated": policy.max_repeated_characters? }))
        }
        Requirement::MinComplexity
        | Requirement::ExcludesCommonlyUsed
        | Requirement::ExcludesProfileData
        | Requirement::NotSimilarToCurrent
        | Requirement::History
        | Requirement::MinAgeDays
        | Requirement::AlphabetSequenceRule
        | Requirement::NumberSequenceRule
        | Requirement::QwertySequenceRule
        | Requirement::ShiftedNumberRowSequenceRule => None,
    }
}

/// "At least 1 capital letter, 1 small letter, ..."
fn kinds(frame: &Frame, policy: &PasswordPolicy) -> Option<String> {
    let keys = [
        "requirement-capital-letters",
        "requirement-small-letters",
        "requirement-digits",
        "requirement-special-characters",
    ];
    let asked: Vec<String> = ALPHABETS
        .iter()
        .zip(keys)
        .filter_map(|(alphabet, key)| {
            let fewest = *policy.min_characters.get(*alphabet)?;
            (fewest > 0).then(|| frame.say_with(key, [("count", fewest.into())]))
        })
        .collect();
    let kinds = asked.join(&frame.say("list-separator"));
    (!asked.is_empty()).then(|| frame.say_with("requirement-kinds", [("kinds", kinds.into())]))
}
