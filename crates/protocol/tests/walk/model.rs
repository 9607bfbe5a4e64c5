//! What the model knows: who proved what where. Nothing of states, links or policies' walks.

use std::time::Duration;

use countersign_domain::time::Time;
use countersign_protocol::browser::BrowserToken;

/// Days after which the policy lets a password expire.
const MAX_AGE: Duration = Duration::from_hours(182 * 24);

/// How old a password may be for the policies that ask once in eight hours.
const FRESH: Duration = Duration::from_hours(8);

/// How long a consent counts.
const CONSENT_PERIOD: Duration = Duration::from_hours(3 * 24);

/// Somebody.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Person {
    pub id: String,
    pub name: String,
    pub password: String,
    pub changed_at: Time,
    pub must_change: bool,
    pub enabled: bool,
    pub has_phone: bool,
    /// Whether the address was proved.
    pub verified: bool,
    /// When the terms were accepted last.
    pub consented_at: Option<Time>,
    /// The codes in the newest mails: to verify the address, and to recover the password.
    pub codes: [Option<String>; 2],
    /// When an administrator took the number away.
    pub lost_phone_at: Time,
}

impl Person {
    /// Whether the password alone proves nothing yet.
    pub fn must_change(&self, now: Time) -> bool {
        self.must_change || now.since(self.changed_at) >= MAX_AGE
    }
}

/// Who used the password when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proof {
    pub person: usize,
    pub at: Time,
}

/// A browser, and who it is signed on as.
#[derive(Default)]
pub struct BrowserModel {
    pub token: Option<BrowserToken>,
    pub session: Option<Proof>,
}

/// A flow.
pub struct FlowModel {
    pub id: String,
    pub browser: usize,
    pub began_at: Time,
    /// The password was used in this flow, since it was last reset.
    pub proved: Option<Proof>,
    /// The session that it began with, if that counts.
    pub session: Option<Proof>,
    /// It ends with a device, not with a code.
    pub for_device: bool,
    /// The sign-on is complete.
    pub completed: bool,
    pub resumed: bool,
    /// Whose password is being recovered, by the name that was typed.
    pub recovering: Option<String>,
}

impl FlowModel {
    /// Whether a policy may complete for a person, from what was proved.
    pub fn may_complete(&self, policy: &str, person: &Person, number: usize, now: Time) -> bool {
        let is_his = |proof: &Proof| proof.person == number;
        let here = self.proved.is_some_and(|proof| is_his(&proof));
        let session = self.session.filter(is_his);
        let lately = session.is_some_and(|proof| now.since(proof.at) <= FRESH);
        // What was asked for while the number was there did not include it.
        let agrees = person
            .consented_at
            .is_some_and(|at| now.since(at) < CONSENT_PERIOD);
        // Whoever only comes with a session was verified when it began.
        let verified = person.verified || !here;
        let phone = person.has_phone || person.lost_phone_at >= self.began_at;
        person.enabled
            && verified
            && match policy {
                "Login" | "Bypass" => here || lately,
                "Profile" => (here || lately) && phone,
                "Always" | "Identifier" | "Open" => here,
                "Terms" => (here || lately) && agrees,
                "Open_Identifier" => here && agrees,
                // It asks for nothing, so a session of any age will do; but somebody it must be.
                "Empty" | "Bypass_First" => here || session.is_some(),
                _ => false,
            }
    }
}
