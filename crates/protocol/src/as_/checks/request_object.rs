//! Where a request may be: in plain parameters, in a request object, pushed.

use countersign_domain::application::{Application, ParRequirement};

use crate::as_::par::Channel;
use crate::as_::request_object::{Opened, Origin};
use crate::refusal::{Refusal, Refused};

/// What the application demands of how its requests come. A `request_uri` is only ever one of ours,
/// and then this check is not reached.
///
/// Decision: `requireSignedRequestObject` refuses requests without a request object as well.
///
/// Spec: OIDC Core 6.2; RFC 9126 5; `reference/oidc.md` 4.1.
pub fn check(opened: &Opened, application: &Application, channel: Channel) -> Result<(), Refused> {
    if opened.params.get("request_uri").is_some() {
        return Err(Refusal::RequestUriUnsupported.because("not one that /as/par gave out"));
    }
    if application.par_requirement == ParRequirement::Required && channel == Channel::Front {
        return Err(Refusal::PushedRequestRequired.because("parRequirement is REQUIRED"));
    }
    if application.require_signed_request_object && opened.origin != Origin::Signed {
        return Err(Refusal::ParameterMissing("request")
            .because("requireSignedRequestObject is true: a signed request object is needed"));
    }
    Ok(())
}
