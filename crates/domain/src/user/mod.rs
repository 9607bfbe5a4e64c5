//! Users. Three documents each: the profile, which administrators edit; the credential, which
//! changes with the password; and the account, whose counters every failed guess changes. Apart,
//! so that a password spray does not conflict with profile edits (style 6.3).

mod account;
pub mod code;
mod credential;
#[expect(
    clippy::module_inception,
    reason = "the file is where style 4.2 says it is"
)]
mod user;

pub use account::{Account, UserSignOn};
pub use code::{CodePurpose, UserCode};
pub use credential::{Credential, FormerPassword};
pub use user::{
    Address, Lifecycle, LifecycleStatus, Photo, User, UserIdentityProvider, UserName, VerifyStatus,
};
