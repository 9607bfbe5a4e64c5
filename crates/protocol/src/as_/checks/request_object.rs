//! `request` and `request_uri` on the front channel.

use countersign_domain::application::{Application, ParRequirement};

use crate::as_::par::Channel;
use crate::as_::params::Params;
use crate::refusal::{Refusal, Refused};

/// Request objects are not served yet: they are refused by their own error instead of being
/// ignored, and an application that demands them cannot be used without. A `request_uri` is only
/// ever one of ours, and then this check is not reached.
///
/// Spec: OIDC Core 6.1 (`request_not_supported`), 6.2; RFC 9126 5; `reference/oidc.md` 4.1.
pub fn check(params: &Params, application: &Application, channel: Channel) -> Result<(), Refused> {
    if params.get("request").is_some() {
        return Err(Refusal::RequestObjectInvalid.because("request objects are not served"));
    }
    if params.get("request_uri").is_some() {
        return Err(Refusal::RequestUriUnsupported.because("not one that /as/par gave out"));
    }
    if application.par_requirement == ParRequirement::Required && channel == Channel::Front {
        return Err(Refusal::PushedRequestRequired.because("parRequirement is REQUIRED"));
    }
    if application.require_signed_request_object {
        return Err(Refusal::ParameterMissing("request")
            .because("requireSignedRequestObject is true: a signed request object is needed"));
    }
    Ok(())
}
