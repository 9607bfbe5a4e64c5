//! Conditions of sign-on actions (`reference/flows.md` 9.4): JSON in, one answer out.
//!
//! True means: run the action. What cannot be known here counts as "run it", whatever stands
//! around it, so that a condition never waves anybody through by accident: `not` of unknown is
//! unknown.
//!
//! Decision: the risk rules (IP reputation, geo-velocity, anonymous network) are stored and always
//! unknown, for there is no such service here. A policy that asks for a second factor "when the
//! address is risky" therefore always asks.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::group::Memberships;
use crate::time::Time;
use crate::user::User;

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawCondition", into = "RawCondition")]
pub enum Condition {
    /// All of them; of none: true.
    And(Vec<Condition>),
    /// One of them; of none: false.
    Or(Vec<Condition>),
    /// The opposite.
    Not(Box<Condition>),
    /// The authenticator was not used in this session within so many seconds, or never.
    SecondsSince {
        /// Which.
        authenticator: SessionAuthenticator,
        /// Seconds.
        greater: u64,
    },
    /// A user attribute has this value.
    Equals {
        /// Expression, such as `${user.population.id}`.
        value: String,
        /// Text or boolean.
        equals: Value,
    },
    /// The caller's address is in one of the ranges.
    IpRange(Vec<AddressRange>),
    /// A risk rule: kept as it is, never evaluated.
    Risk(RiskRule),
}

/// A range of addresses, or one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRange {
    /// As it was written.
    text: String,
    net: IpNet,
}

/// An authenticator of the session that a condition may ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionAuthenticator {
    /// Password.
    Pwd,
    /// Any second factor.
    Mfa,
}

impl SessionAuthenticator {
    const fn expression(self) -> &'static str {
        match self {
            Self::Pwd => "${session.lastSignOn.withAuthenticator.pwd.at}",
            Self::Mfa => "${session.lastSignOn.withAuthenticator.mfa.at}",
        }
    }
}

/// A rule of the risk service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskRule {
    /// `ipRisk`, `geoVelocity` or `anonymousNetwork`.
    pub name: &'static str,
    /// The value under that name.
    pub rule: Value,
    /// The value under `valid`.
    pub valid: Value,
}

/// What is known when a condition is evaluated.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConditionFacts<'a> {
    /// When the password was last used in this session.
    pub pwd_at: Option<Time>,
    /// When a second factor was last used in this session.
    pub mfa_at: Option<Time>,
    /// Who is signing on, as far as that is known.
    pub user: Option<&'a User>,
    /// The groups that they are in, where that was looked up.
    pub groups: Option<&'a Memberships>,
    /// The caller's address.
    pub remote_ip: Option<IpAddr>,
}

/// Deepest nesting of a condition.
pub const MAX_DEPTH: usize = 16;

/// The expression for the caller's address.
const REMOTE_IP: &str = "${flow.request.http.remoteIp}";

/// The one JSON object that every form of condition is written as.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawCondition {
    #[serde(skip_serializing_if = "Option::is_none")]
    and: Option<Vec<Condition>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    or: Option<Vec<Condition>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not: Option<Box<Condition>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    greater: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    equals: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contains: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_range: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_risk: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    geo_velocity: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anonymous_network: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<Value>,
}

/// Why an object is not a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotACondition {
    /// None of the known forms, or several at once.
    #[error(
        "a condition is one of: and, or, not, secondsSince with greater, value with equals, ipRange with contains, ipRisk, geoVelocity or anonymousNetwork with valid"
    )]
    Form,
    /// `secondsSince` of something else.
    #[error(
        "secondsSince must be ${{session.lastSignOn.withAuthenticator.pwd.at}} or ${{session.lastSignOn.withAuthenticator.mfa.at}}"
    )]
    SecondsSince,
    /// `contains` of something else.
    #[error("contains must be ${{flow.request.http.remoteIp}}")]
    Contains,
    /// Not an address range.
    #[error("ipRange must list addresses or CIDR ranges")]
    IpRange,
    /// `equals` is neither text nor a boolean.
    #[error("equals must be text or a boolean")]
    Equals,
    /// Nested too deeply.
    #[error("a condition may be nested 16 deep")]
    Depth,
}

impl RawCondition {
    const fn has_no_data(&self) -> bool {
        self.seconds_since.is_none()
            && self.greater.is_none()
            && self.value.is_none()
            && self.equals.is_none()
            && self.contains.is_none()
            && self.ip_range.is_none()
            && self.ip_risk.is_none()
            && self.geo_velocity.is_none()
            && self.anonymous_network.is_none()
            && self.valid.is_none()
    }
}

impl TryFrom<RawCondition> for Condition {
    type Error = NotACondition;

    fn try_from(mut raw: RawCondition) -> Result<Self, NotACondition> {
        let condition = match (raw.and.take(), raw.or.take(), raw.not.take()) {
            (None, None, None) => data_rule(raw)?,
            (Some(all), None, None) if raw.has_no_data() => Self::And(all),
            (None, Some(any), None) if raw.has_no_data() => Self::Or(any),
            (None, None, Some(inner)) if raw.has_no_data() => Self::Not(inner),
            _ => return Err(NotACondition::Form),
        };
        if condition.depth() > MAX_DEPTH {
            return Err(NotACondition::Depth);
        }
        Ok(condition)
    }
}

fn data_rule(raw: RawCondition) -> Result<Condition, NotACondition> {
    let risk = [
        ("ipRisk", raw.ip_risk),
        ("geoVelocity", raw.geo_velocity),
        ("anonymousNetwork", raw.anonymous_network),
    ];
    let mut risk = risk
        .into_iter()
        .filter_map(|(name, rule)| Some((name, rule?)));
    match (
        (raw.seconds_since, raw.greater),
        (raw.value, raw.equals),
        (raw.ip_range, raw.contains),
        (risk.next(), raw.valid),
        risk.next(),
    ) {
        ((Some(since), Some(greater)), (None, None), (None, None), (None, None), None) => {
            let known = [SessionAuthenticator::Pwd, SessionAuthenticator::Mfa];
            let authenticator = known
                .into_iter()
                .find(|it| it.expression() == since)
                .ok_or(NotACondition::SecondsSince)?;
            Ok(Condition::SecondsSince {
                authenticator,
                greater,
            })
        }
        ((None, None), (Some(value), Some(equals)), (None, None), (None, None), None) => {
            if !(equals.is_string() || equals.is_boolean()) {
                return Err(NotACondition::Equals);
            }
            Ok(Condition::Equals { value, equals })
        }
        ((None, None), (None, None), (Some(ranges), Some(contains)), (None, None), None) => {
            if contains != REMOTE_IP {
                return Err(NotACondition::Contains);
            }
            let ranges: Option<_> = ranges.iter().map(|text| range(text)).collect();
            Ok(Condition::IpRange(ranges.ok_or(NotACondition::IpRange)?))
        }
        ((None, None), (None, None), (None, None), (Some((name, rule)), Some(valid)), None) => {
            Ok(Condition::Risk(RiskRule { name, rule, valid }))
        }
        _ => Err(NotACondition::Form),
    }
}

fn range(text: &str) -> Option<AddressRange> {
    let one = || Some(IpNet::from(text.parse::<IpAddr>().ok()?));
    let net = text.parse().ok().or_else(one)?;
    Some(AddressRange {
        text: text.to_owned(),
        net,
    })
}

impl From<Condition> for RawCondition {
    fn from(condition: Condition) -> Self {
        let mut raw = Self::default();
        match condition {
            Condition::And(all) => raw.and = Some(all),
            Condition::Or(any) => raw.or = Some(any),
            Condition::Not(inner) => raw.not = Some(inner),
            Condition::SecondsSince {
                authenticator,
                greater,
            } => {
                raw.seconds_since = Some(authenticator.expression().to_owned());
                raw.greater = Some(greater);
            }
            Condition::Equals { value, equals } => {
                raw.value = Some(value);
                raw.equals = Some(equals);
            }
            Condition::IpRange(ranges) => {
                raw.ip_range = Some(ranges.into_iter().map(|it| it.text).collect());
                raw.contains = Some(REMOTE_IP.to_owned());
            }
            Condition::Risk(RiskRule { name, rule, valid }) => {
                match name {
                    "ipRisk" => raw.ip_risk = Some(rule),
                    "geoVelocity" => raw.geo_velocity = Some(rule),
                    _ => raw.anonymous_network = Some(rule),
                }
                raw.valid = Some(valid);
            }
        }
        raw
    }
}

impl Condition {
    /// The condition "last password sign-on older than `seconds`".
    pub const fn password_older_than(seconds: u64) -> Self {
        Self::SecondsSince {
            authenticator: SessionAuthenticator::Pwd,
            greater: seconds,
        }
    }

    fn depth(&self) -> usize {
        let inner = match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::depth).max(),
            Self::Not(inner) => Some(inner.depth()),
            Self::SecondsSince { .. } | Self::Equals { .. } | Self::IpRange(_) | Self::Risk(_) => {
                None
            }
        };
        1 + inner.unwrap_or(0)
    }

    /// Whether it takes the user's groups to evaluate it.
    pub fn asks_for_groups(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::asks_for_groups),
            Self::Not(inner) => inner.asks_for_groups(),
            Self::Equals { value, .. } => {
                attribute_path(value).is_some_and(|path| path.starts_with(MEMBER_OF))
            }
            Self::SecondsSince { .. } | Self::IpRange(_) | Self::Risk(_) => false,
        }
    }

    /// `None`: unknown.
    fn truth(&self, facts: &ConditionFacts<'_>, now: Time) -> Option<bool> {
        match self {
            Self::And(parts) => all(parts.iter().map(|part| part.truth(facts, now))),
            // De Morgan: one of them is true unless all of them are false.
            Self::Or(parts) => all(parts
                .iter()
                .map(|part| part.truth(facts, now).map(|it| !it)))
            .map(|it| !it),
            Self::Not(inner) => inner.truth(facts, now).map(|it| !it),
            Self::SecondsSince {
                authenticator,
                greater,
            } => {
                let at = match authenticator {
                    SessionAuthenticator::Pwd => facts.pwd_at,
                    SessionAuthenticator::Mfa => facts.mfa_at,
                };
                Some(at.is_none_or(|at| now.since(at).as_millis() > u128::from(*greater) * 1000))
            }
            Self::Equals { value, equals } => {
                let path = attribute_path(value)?;
                if let Some(wanted) = path.strip_prefix(MEMBER_OF) {
                    return is_member(facts.groups?, wanted, equals);
                }
                Some(same(attribute(facts.user?, path).as_ref(), equals))
            }
            Self::IpRange(ranges) => {
                let ip = facts.remote_ip?.to_canonical();
                Some(ranges.iter().any(|range| range.net.contains(&ip)))
            }
            Self::Risk(_) => None,
        }
    }
}

/// Whether the action with this condition is to run.
pub fn evaluate(condition: &Condition, facts: &ConditionFacts<'_>, now: Time) -> bool {
    condition.truth(facts, now).unwrap_or(true)
}

/// Whether all are true: false as soon as one is, unknown if one is unknown otherwise.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}

/// What `${user.memberOfGroupIDs}` and `${user.memberOfGroupNames}` have in common.
const MEMBER_OF: &str = "memberOfGroup";

/// Decision: the documents leave the name open (`reference/flows.md` 9.4), so it is that of the
/// lists that users have; `equals` one of a list is being in it. What else begins like them is
/// unknown.
fn is_member(groups: &Memberships, wanted: &str, equals: &Value) -> Option<bool> {
    let equals = equals.as_str()?;
    match wanted {
        "IDs" => Some(groups.0.iter().any(|(id, _)| id.to_string() == equals)),
        "Names" => Some(groups.0.iter().any(|(_, name)| name == equals)),
        _ => None,
    }
}

/// `a.b` of `${user.a.b}`; other expressions are unknown.
fn attribute_path(expression: &str) -> Option<&str> {
    expression.strip_prefix("${user.")?.strip_suffix('}')
}

/// An attribute, one of the environment's own among them.
fn attribute(user: &User, path: &str) -> Option<Value> {
    let mut found = serde_json::to_value(user).ok()?;
    let first = path.split('.').next().unwrap_or_default();
    if found.get(first).is_none() {
        found = Value::Object(user.custom.clone());
    }
    let mut value = Some(found);
    for name in path.split('.') {
        value = value.and_then(|mut it| it.get_mut(name).map(Value::take));
    }
    value
}

fn same(found: Option<&Value>, wanted: &Value) -> bool {
    match (found, wanted) {
        (Some(Value::Number(number)), Value::String(text)) => number.to_string() == *text,
        (Some(found), wanted) => found == wanted,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests;
