//! Who is asking: a session's cookie or a bearer token.

mod cookie;
mod introduce;
mod sign_in;
mod signed;

pub use introduce::SignedIn;
pub(crate) use introduce::{introduce, session, who};
pub(crate) use sign_in::{own_path, sign_in_practice, sign_out};
pub(crate) use signed::{Signed, bearer};
