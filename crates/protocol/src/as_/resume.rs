//! `GET /{envID}/as/resume` (`reference/oidc.md` 5.1): a finished flow becomes the authorization
//! response, once.

use countersign_domain::entity::Stored;
use countersign_domain::store::{Batch, Fault};

use crate::as_::authorize::{Answer, Reply, redirect_error, sign_on_page};
use crate::as_::grants::authorization_code;
use crate::as_::params::Params;
use crate::as_::response_modes::Mode;
use crate::browser::{self, BrowserToken};
use crate::cx::Cx;
use crate::flows::{Flow, State, access, view};
use crate::refusal::{Outcome, Refusal};
use crate::run::{Operation, Verdict, run};

/// Resumes the flow that `flowId` names.
pub async fn resume(cx: &Cx, params: &Params, token: Option<&BrowserToken>) -> Outcome<Reply> {
    let flow_id = params
        .get("flowId")
        .ok_or(Refusal::ParameterMissing("flowId"))?;
    let flow = access::find(cx, flow_id, token).await?.value;
    let pi_flow = flow.request.destination.mode == Mode::PiFlow;
    match &flow.state {
        State::Completed(_) => run(cx, &Resume { flow_id, token }).await,
        State::Failed(_) if pi_flow => Ok(shown(cx, &flow)),
        State::Failed(failure) => {
            let refused = Refusal::AccessDenied.because(failure.message());
            redirect_error(cx, &flow.request.destination, refused)
        }
        // Not finished: back to where it can be (`reference/oidc.md` 5.1, decision).
        _ if pi_flow => Ok(shown(cx, &flow)),
        _ => {
            let application = flow.request.client;
            let view = cx.env.application(&cx.ports, application, cx.now).await?;
            let page = match view {
                Some(view) => sign_on_page(cx, &view, flow.id),
                None => cx.env.urls.sign_on_page(cx.env_id(), flow.id),
            };
            Ok(Reply {
                answer: Answer::SignOn(page),
                cookie: None,
            })
        }
    }
}

fn shown(cx: &Cx, flow: &Flow) -> Reply {
    Reply {
        answer: Answer::Flow(view::render(&cx.env, flow)),
        cookie: None,
    }
}

struct Resume<'a> {
    flow_id: &'a str,
    token: Option<&'a BrowserToken>,
}

impl Operation for Resume<'_> {
    type Facts = (Stored<Flow>, String, bool);
    type Reply = Reply;

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let flow = access::find(cx, self.flow_id, self.token).await?;
        // Disabled in the middle of the flow: nothing comes out of it (`threats.md` 19).
        let view = cx
            .env
            .application(&cx.ports, flow.request.client, cx.now)
            .await?;
        let enabled = view.is_some_and(|view| view.application.enabled);
        Ok((flow, browser::secret(&*cx.ports.entropy), enabled))
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<Reply>, Fault> {
        let (
            Stored {
                value: mut flow,
                version,
            },
            code,
            enabled,
        ) = facts;
        if !enabled {
            return Ok(Verdict::refuse(
                Refusal::ClientUnknown.because("disabled since authorize"),
            ));
        }
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
        let (parameters, writes) =
            authorization_code::issue(cx.env_id(), &flow.request, &done, &code, cx.now)?;
        let writes = Batch::new()
            .update(cx.env_id(), &flow, version)?
            .and(writes);
        let resource = view::render(&cx.env, &flow);
        let delivery = flow.request.destination.deliver(parameters, Some(resource));
        let reply = Reply {
            answer: Answer::Response(delivery),
            cookie: None,
        };
        Ok(Verdict::reply(reply).writing(writes))
    }
}
