//! Files that come as `multipart/form-data`.

use std::collections::BTreeMap;
use std::convert::Infallible;

use countersign_domain::key::KeyUsageType;
use futures_util::stream;
use multer::{Constraints, Multipart, SizeLimit};
use serde_json::json;

use super::call::Call;
use crate::misfit::{Fit, Hint, Misfit};
use crate::refusal::{Outcome, Refusal, Refused};

/// Types under which files come.
pub const MULTIPART: &[&str] = &["multipart/form-data"];
/// Most parts of a form.
const MAX_PARTS: usize = 16;

/// The parts of a form, by name.
pub struct Form(BTreeMap<String, Vec<u8>>);

impl Form {
    /// Reads the body of a call. Its length is bounded already.
    pub async fn read(call: &Call<'_>) -> Outcome<Self> {
        let malformed = |error: multer::Error| Refusal::MalformedBody.because(error.to_string());
        let boundary = multer::parse_boundary(call.content_type).map_err(malformed)?;
        let whole = u64::try_from(call.body.len()).unwrap_or(u64::MAX);
        let limit = SizeLimit::new().whole_stream(whole).per_field(whole);
        let body = call.body.to_vec();
        let body = stream::once(async move { Ok::<_, Infallible>(body) });
        let constraints = Constraints::new().size_limit(limit);
        let mut parts = Multipart::with_constraints(body, boundary, constraints);
        let mut found = BTreeMap::new();
        while let Some(part) = parts.next_field().await.map_err(malformed)? {
            let name = part.name().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.map_err(malformed)?;
            if found.len() >= MAX_PARTS || found.insert(name, bytes.to_vec()).is_some() {
                let why = "too many parts, or two of one name";
                return Err(Refusal::MalformedBody.because(why).into());
            }
        }
        Ok(Self(found))
    }

    /// The part `file`.
    pub fn file(&self) -> Result<&[u8], Refused> {
        match self.0.get("file").map(Vec::as_slice) {
            None => Err(unfit(Misfit::required("file"))),
            Some([]) => Err(unfit(Misfit::new(Fit::Empty, "file", "must not be empty"))),
            Some(bytes) => Ok(bytes),
        }
    }

    /// A part that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        let bytes = self.0.get(name)?;
        std::str::from_utf8(bytes).ok().map(str::trim)
    }

    /// The part `usageType`.
    pub fn usage(&self) -> Result<KeyUsageType, Refused> {
        let Some(text) = self.text("usageType") else {
            return Err(unfit(Misfit::required("usageType")));
        };
        serde_json::from_value(json!(text)).map_err(|_| {
            let allowed = [
                "SIGNING",
                "ENCRYPTION",
                "SSL/TLS",
                "ISSUANCE",
                "OUTBOUND_MTLS",
            ];
            let hint = Hint::Values(allowed.map(str::to_owned).to_vec());
            unfit(Misfit::invalid("usageType", "is no use of a key").hinting(hint))
        })
    }
}

/// The refusal of one thing.
pub fn unfit(misfit: Misfit) -> Refused {
    let why = format!("{}: {}", misfit.target, misfit.message);
    Refusal::Unfit(vec![misfit]).because(why)
}
