//! `GET /{envID}/as/resume` (`reference/oidc.md` 5.1): a finished flow becomes the authorization
//! response, once.

use countersign_domain::entity::Stored;
use countersign_domain::group::Memberships;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::User;

use crate::as_::access_control::{self, Standing};
use crate::as_::authorize::{Answer, Reply, redirect_error, sign_on_page};
use crate::as_::checks::redirect_uri;
use crate::as_::grants;
use crate::as_::params::Params;
use crate::as_::response::{self, Fresh, Issued, Recipient};
use crate::as_::response_modes::Mode;
use crate::audit;
use crate::browser::BrowserToken;
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::flows::{Flow, State, access, view};
use crate::groups;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};

/// Resumes the flow that `flowId` names.
pub async fn resume(cx: &Cx, params: &Params, token: Option<&BrowserToken>) -> Outcome<Reply> {
    let flow_id = params
        .get("flowId")
        .ok_or(Refusal::ParameterMissing("flowId"))?;
    let flow = access::find(cx, flow_id, token).await?.value;
    if flow.device.is_some() {
        // There is no answer to give: the page says how it went (`reference/oidc.md` 15.2).
        let client = flow.request.client;
        let page = cx.env.urls.sign_on_page(cx.env_id(), flow.id, client);
        return Ok(Reply {
            answer: Answer::SignOn(page),
            cookie: None,
        });
    }
    let client = flow.request.client;
    let view = cx.env.application(&cx.ports, client, cx.now).await?;
    let view = view.ok_or_else(|| Refusal::ClientUnknown.because("gone since authorize"))?;
    // Nothing goes to an address that the application gave up, an error neither.
    let redirect_uri = flow.request.destination.redirect_uri.as_ref();
    redirect_uri::check_again(&view.application, redirect_uri)?;
    let pi_flow = flow.request.destination.mode == Mode::PiFlow;
    let resume = Resume {
        flow_id,
        token,
        view: &view,
    };
    match &flow.state {
        State::Completed(_) => match run(cx, &resume).await {
            Ok(Resumed::Issued(issued)) => {
                let (issued, flow) = *issued;
                let delivery = response::deliver(cx, &view, issued, flow)?;
                Ok(Reply {
                    answer: Answer::Response(delivery),
                    cookie: None,
                })
            }
            Ok(Resumed::Failed(flow, refused)) => {
                cx.explain(&refused);
                Ok(shown(cx, &flow))
            }
            Err(Failure::Refused(refused)) => {
                redirect_error(cx, &flow.request.destination, refused)
            }
            Err(fault) => Err(fault),
        },
        State::Failed(_) if pi_flow => Ok(shown(cx, &flow)),
        State::Failed(failure) => {
            let refused = failure.refusal().because(failure.message());
            redirect_error(cx, &flow.request.destination, refused)
        }
        // Not finished: back to where it can be (`reference/oidc.md` 5.1, decision).
        _ if pi_flow => Ok(shown(cx, &flow)),
        _ => Ok(Reply {
            answer: Answer::SignOn(sign_on_page(cx, &view, flow.id)),
            cookie: None,
        }),
    }
}

fn shown(cx: &Cx, flow: &Flow) -> Reply {
    Reply {
        answer: Answer::Flow(Box::new(view::render(&cx.env, flow))),
        cookie: None,
    }
}

struct Resume<'a> {
    flow_id: &'a str,
    token: Option<&'a BrowserToken>,
    view: &'a ApplicationView,
}

struct Facts {
    flow: Stored<Flow>,
    /// The user, if tokens are to be made, and the user and the session still are there.
    user: Option<User>,
    /// Their groups, where tokens may name them.
    groups: Option<Memberships>,
    /// Whether the application lets the user in.
    standing: Standing,
    fresh: Fresh,
}

enum Resumed {
    /// The response, and the flow that `pi.flow` wraps it in.
    Issued(Box<(Issued, Option<Box<view::Resource>>)>),
    /// Nothing is issued for the sign-on, and the client reads that in the flow.
    Failed(Box<Flow>, Refused),
}

impl Operation for Resume<'_> {
    type Facts = Facts;
    type Reply = Resumed;

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let flow = access::find(cx, self.flow_id, self.token).await?;
        let is_restricted = self.view.application.access_control.is_some();
        let user = match &flow.state {
            // A code is looked at again when it is redeemed; tokens are not.
            State::Completed(done) if is_restricted || !flow.request.response_type.is_code() => {
                let (session, user) = grants::living(cx, done.session, done.user.id).await?;
                session.and(user)
            }
            _ => None,
        };
        let standing = match &user {
            Some(user) => access_control::standing(cx, &self.view.application, user).await?,
            None if is_restricted => Standing::Refused("the user is gone or disabled"),
            None => Standing::Allowed,
        };
        let has_tokens = !flow.request.response_type.is_code();
        let is_wanted = has_tokens && groups::are_mapped(cx, self.view);
        let groups = groups::named(cx, is_wanted, user.as_ref().map(|it| it.id)).await?;
        Ok(Facts {
            flow,
            groups,
            standing,
            user,
            fresh: Fresh::draw(cx),
        })
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<Resumed>, Fault> {
        let Stored {
            value: mut flow,
            version,
        } = facts.flow;
        let State::Completed(done) = flow.state.clone() else {
            return Ok(Verdict::refuse(
                Refusal::ActionNotOffered.because("no longer completed"),
            ));
        };
        if flow.resumed {
            return Ok(Verdict::refuse(
                Refusal::FlowAlreadyResumed.because("its authorization response went out before"),
            ));
        }
        flow.resumed = true;
        let writes = Batch::new().update(cx.env_id(), &flow, version)?;
        let recipient = Recipient {
            view: self.view,
            user: facts.user.as_ref(),
            groups: facts.groups.as_ref(),
            token: self.token,
            standing: facts.standing,
        };
        match response::issue(cx, &flow.request, &done, &recipient, facts.fresh)? {
            Ok((issued, issuing)) => {
                let is_shown = flow.request.destination.mode == Mode::PiFlow;
                let flow = is_shown.then(|| Box::new(view::render(&cx.env, &flow)));
                let resumed = Resumed::Issued(Box::new((issued, flow)));
                Ok(Verdict::reply(resumed).writing(writes.and(issuing)))
            }
            Err(refused) => {
                let denied = audit::access(cx, &flow, &done, Some(&refused));
                flow.state = State::Failed(response::failure(&refused));
                let writes = Batch::new().update(cx.env_id(), &flow, version)?;
                let writes = writes.record(denied.to_event(cx.env_id())?);
                let verdict = if response::fails_the_flow(&flow.request, &refused) {
                    Verdict::reply(Resumed::Failed(Box::new(flow), refused))
                } else {
                    Verdict::refuse(refused)
                };
                Ok(verdict.writing(writes))
            }
        }
    }
}
