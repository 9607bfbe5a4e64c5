//! Consents of users to scopes of applications: recorded by the device grant, listed and taken back
//! through `/v1/environments/{e}/users/{u}/oauthConsents` (`reference/platform.md` 1.7, 3.7).
//!
//! [`list`], [`read`], [`revoke`] and [`record`] are what the management API routes to; each is for
//! one user, whom the caller may already see.

use countersign_domain::consent::{ConsentApplicationType, OauthConsent, OauthConsentStatus};
use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::{ApplicationId, OauthConsentId, UserId};
use countersign_domain::reference::Ref;
use countersign_domain::store::{Batch, Fault, Query};
use countersign_domain::time::Time;

use crate::cx::Cx;
use crate::refusal::{Outcome, Refusal};
use crate::run::{Operation, Verdict, run};

/// Most consents of one user that are listed.
const MOST: u32 = 1_000;

/// The consent after the user said yes once more: to what was consented before, if that still
/// holds, and to these scopes.
///
/// Decision: one record per user and application; PingOne does not say how a second consent and
/// the first add up.
pub fn accepted(
    before: Option<&OauthConsent>,
    fresh: OauthConsentId,
    (user, application): (UserId, ApplicationId),
    application_name: &str,
    scope: &[String],
    now: Time,
) -> OauthConsent {
    let mut all = match before.filter(|before| before.holds()) {
        Some(before) => before.scope.clone(),
        None => Vec::new(),
    };
    for name in scope {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    OauthConsent {
        id: before.map_or(fresh, |before| before.id),
        user: Ref::to(user),
        application: Some(Ref::to(application)),
        application_name: application_name.to_owned(),
        application_type: ConsentApplicationType::Pingone,
        scope: all,
        status: OauthConsentStatus::Accepted,
        browser: None,
        operating_system: None,
        device: None,
        consented_at: now,
        updated_at: now,
    }
}

/// The consents of a user, in the order of their ids.
pub async fn list(cx: &Cx, user: UserId) -> Outcome<Vec<OauthConsent>> {
    let by_user = OauthConsent::BY_USER;
    let query = Query::equal(
        OauthConsent::KIND,
        cx.env_id(),
        by_user,
        user.to_string(),
        MOST,
    );
    let page = cx.ports.store.list(&query, cx.now).await?;
    let consents: Result<Vec<_>, Fault> = page.docs.iter().map(OauthConsent::from_doc).collect();
    Ok(consents?)
}

/// One consent of a user.
pub async fn read(cx: &Cx, user: UserId, id: OauthConsentId) -> Outcome<Stored<OauthConsent>> {
    let store = &*cx.ports.store;
    let found = entity::load::<OauthConsent>(store, cx.env_id(), id.to_string(), cx.now).await?;
    let found = found.filter(|consent| consent.user.id == user);
    Ok(found.ok_or_else(|| Refusal::NotFound.because("no such consent of this user"))?)
}

/// Takes a consent back (`consent.revoke`): what was issued for it is not renewed any more. Once
/// more changes nothing.
pub async fn revoke(cx: &Cx, user: UserId, id: OauthConsentId) -> Outcome<OauthConsent> {
    run(cx, &Revoke { user, id }).await
}

struct Revoke {
    user: UserId,
    id: OauthConsentId,
}

impl Operation for Revoke {
    type Facts = Stored<OauthConsent>;
    type Reply = OauthConsent;

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        read(cx, self.user, self.id).await
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<OauthConsent>, Fault> {
        let Stored {
            value: mut consent,
            version,
        } = facts;
        if consent.status == OauthConsentStatus::Revoked {
            return Ok(Verdict::reply(consent));
        }
        consent.status = OauthConsentStatus::Revoked;
        consent.updated_at = cx.now;
        let writes = Batch::new().update(cx.env_id(), &consent, version)?;
        Ok(Verdict::reply(consent).writing(writes))
    }
}

/// Records a consent that was given elsewhere (`consent.accept`), in place of an earlier one for
/// the same application. `id`, `user` and the times of `given` are set here.
pub async fn record(cx: &Cx, user: UserId, given: OauthConsent) -> Outcome<OauthConsent> {
    run(cx, &Record { user, given }).await
}

struct Record {
    user: UserId,
    given: OauthConsent,
}

impl Operation for Record {
    type Facts = (Option<Stored<OauthConsent>>, OauthConsentId);
    type Reply = OauthConsent;

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let given = OauthConsent {
            user: Ref::to(self.user),
            ..self.given.clone()
        };
        let (store, env) = (&*cx.ports.store, cx.env_id());
        let mut before = None;
        for (rule, value) in given.uniques() {
            before = entity::load_by::<OauthConsent>(store, env, rule, value, cx.now).await?;
        }
        Ok((before, OauthConsentId::random(&*cx.ports.entropy)))
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<OauthConsent>, Fault> {
        let (before, fresh) = facts;
        let consent = OauthConsent {
            id: before.as_ref().map_or(fresh, |before| before.id),
            user: Ref::to(self.user),
            consented_at: cx.now,
            updated_at: cx.now,
            ..self.given.clone()
        };
        let writes = match &before {
            Some(before) => Batch::new().update(cx.env_id(), &consent, before.version)?,
            None => Batch::new().create(cx.env_id(), &consent)?,
        };
        Ok(Verdict::reply(consent).writing(writes))
    }
}
