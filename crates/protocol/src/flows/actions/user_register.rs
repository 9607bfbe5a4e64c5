//! `application/vnd.pingidentity.user.register+json` (`reference/flows.md` 6.9).

use countersign_domain::entity::Stored;
use countersign_domain::ids::UserId;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::{Account, LifecycleStatus};
use serde_json::{Map, Value};

use super::{Action, Call, Reply};
use crate::cx::Cx;
use crate::flows::account::AccountAfter;
use crate::flows::advance::{Arrival, advance};
use crate::flows::external::PendingLink;
use crate::flows::registration::{self, Applicant, Registrant, RegistrationOffer};
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Makes somebody a user, who is signed on with the password they chose as soon as their address is
/// verified. Whoever comes from an identity provider is linked to it and needs no password.
pub struct UserRegister;

/// What the rule needs to know.
pub struct Facts {
    registrant: Registrant,
    link: Option<PendingLink>,
    arrival: Arrival,
}

impl Action for UserRegister {
    const MEDIA: &'static str = "user.register";
    /// A user and a password.
    type Input = Map<String, Value>;
    type Facts = Facts;

    fn offered(&self, flow: &Flow) -> bool {
        let is_open = matches!(
            flow.state,
            State::UsernamePasswordRequired | State::SignOnRequired | State::AccountLinkingRequired
        );
        is_open
            && matches!(
                flow.progress.offers.registration,
                Some(RegistrationOffer::Here(_))
            )
    }

    async fn gather(
        &self,
        cx: &Cx,
        call: &Call<'_>,
        flow: &Flow,
        input: &Map<String, Value>,
        _turn: &Turn,
    ) -> Outcome<Facts> {
        let Some(RegistrationOffer::Here(named)) = &flow.progress.offers.registration else {
            return Err(Refusal::ActionNotOffered.into());
        };
        let population = registration::population(cx, *named)?;
        let own = &cx.env.user_attributes;
        let id = UserId::random(&*cx.ports.entropy);
        let identity = flow.progress.external.as_ref();
        let identity = identity.filter(|_| matches!(flow.state, State::AccountLinkingRequired));
        let identity = match identity {
            Some(identity) => Some(identity.free(cx, id).await?),
            None => None,
        };
        let mut applicant = match &identity {
            Some(identity) => {
                // What the provider said, corrected by what the person says.
                let mut body = identity.shown();
                body.extend(input.clone());
                let mut applicant = Applicant::read(&body, own, id, population, cx.now)?;
                applicant.vouched_for(cx, identity)?;
                applicant
            }
            None => Applicant::read(input, own, id, population, cx.now)?,
        };
        if applicant.password.is_none() && identity.is_none() {
            return Err(Refusal::ValueRequired("password").into());
        }
        applicant.user.mfa_enabled = cx.env.new_users_have_mfa;
        if !cx.env.environment.settings.verify_registrations {
            applicant.user.lifecycle.status = LifecycleStatus::AccountOk;
        }
        let registrant = Registrant::gather(cx, applicant).await?;
        Ok(Facts {
            arrival: Arrival::proving(cx, call, flow, &registrant.user).await?,
            link: match identity {
                Some(_) => PendingLink::gather(cx, flow, id).await?,
                None => None,
            },
            registrant,
        })
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let Facts {
            registrant,
            link,
            arrival,
        } = facts;
        if let Some(refused) = registrant.refusal() {
            return Ok(Verdict::refuse(refused));
        }
        if link.as_ref().is_some_and(PendingLink::is_taken) {
            let why = "somebody else was linked to the account at the provider meanwhile";
            return Ok(Verdict::refuse(Refusal::AccountNotUsable.because(why)));
        }
        let Stored {
            value: mut flow,
            version,
        } = flow;
        let mut writes = Batch::new();
        if let Some(link) = link {
            writes = link.make(cx, &mut flow.progress, &registrant.user)?;
            flow.progress.used_provider(cx.now);
        } else {
            flow.progress.used_password(cx.now);
        }
        let account = AccountAfter::changed(Account::new(registrant.user.id), None);
        let advanced = advance(cx, &mut flow, &registrant.user, account, arrival)?;
        flow.touch(cx.now);
        let writes = writes
            .and(registrant.writes(cx)?)
            .and(advanced.writes)
            .update(cx.env_id(), &flow, version)?;
        let cookie = advanced.cookie;
        Ok(Verdict::reply(Reply { flow, cookie }).writing(writes))
    }
}
