//! Time: milliseconds since the Unix epoch, UTC. RFC 3339 with milliseconds and `Z` on the wire
//! (`reference/platform.md` 1.1). Nothing here reads a clock.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant with millisecond resolution.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// The text given is not an RFC 3339 time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time")]
pub struct NotATime;

impl Time {
    /// 1970-01-01T00:00:00.000Z.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From whole seconds since the epoch, as JWT claims carry them.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down (RFC 7519 `NumericDate`).
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant moved forward.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    pub fn since(self, earlier: Self) -> Duration {
        let millis = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stamp = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        match written(stamp) {
            Some(text) => f.write_str(std::str::from_utf8(&text).unwrap_or_default()),
            None => write!(f, "{stamp:.3}"),
        }
    }
}

/// As on the wire, digit by digit: documents and answers are full of times, and formatting them by
/// patterns costs ten times as much. `None` before the year 0.
fn written(stamp: jiff::Timestamp) -> Option<[u8; 24]> {
    let at = jiff::tz::Offset::UTC.to_datetime(stamp);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let parts = [
        (3, at.year()),
        (6, at.month().into()),
        (9, at.day().into()),
        (12, at.hour().into()),
        (15, at.minute().into()),
        (18, at.second().into()),
        (22, at.millisecond()),
    ];
    for (last, number) in parts {
        let mut left = u16::try_from(number).ok()?;
        let digits = text.get_mut(..=last)?.iter_mut().rev();
        for digit in digits.take_while(|it| it.is_ascii_digit()) {
            *digit = b'0' + u8::try_from(left % 10).ok()?;
            left /= 10;
        }
    }
    Some(text)
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Time {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let stamp: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        Ok(Self(stamp.as_millisecond()))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_has_milliseconds_and_z() {
        let time = Time::from_millis(1_595_446_150_680);
        assert_eq!(time.to_string(), "2020-07-22T19:29:10.680Z");
        assert_eq!("2020-07-22T19:29:10.680Z".parse(), Ok(time));
        assert_eq!(
            Time::from_seconds(0).to_string(),
            "1970-01-01T00:00:00.000Z"
        );
    }

    #[test]
    fn every_time_is_written_as_the_library_would() {
        let (first, last) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
        let times = first.as_millisecond()..=last.as_millisecond();
        let mut tried = 0;
        for millis in times.step_by(123_456_789_013).chain([-1, 0, 1]) {
            let stamp = jiff::Timestamp::from_millisecond(millis).unwrap();
            assert_eq!(Time::from_millis(millis).to_string(), format!("{stamp:.3}"));
            tried += 1;
        }
        assert!(tried > 5_000, "{tried}");
        // What is none is the last one.
        let beyond = Time::from_millis(i64::MAX).to_string();
        assert_eq!(beyond, format!("{last:.3}"));
    }

    #[test]
    fn json_is_the_wire_form() {
        let time = Time::from_millis(5);
        let text = serde_json::to_string(&time).unwrap();
        assert_eq!(text, "\"1970-01-01T00:00:00.005Z\"");
        assert_eq!(serde_json::from_str::<Time>(&text).unwrap(), time);
    }

    #[test]
    fn the_future_is_not_in_the_past() {
        assert_eq!(Time::EPOCH.since(Time::from_seconds(9)), Duration::ZERO);
    }
}
