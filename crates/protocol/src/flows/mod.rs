//! Flows: one run of the sign-on machine between `/as/authorize` and `/as/resume`
//! (`reference/flows.md`). The state is an enum; [`next`] alone walks the policy; [`view`] alone
//! renders the resource; every action is a file in [`actions`].

pub mod access;
pub mod account;
pub mod actions;
pub mod advance;
pub mod agreement;
pub mod codes;
pub mod complete;
pub mod external;
pub mod flow;
pub mod frozen;
pub mod guess;
pub mod next;
pub mod profile;
pub mod read;
pub mod recovery;
pub mod registration;
pub mod session_limit;
pub mod state;
pub mod turns;
pub mod view;

pub use flow::Flow;
pub use state::State;
