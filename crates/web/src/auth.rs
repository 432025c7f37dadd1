//! Who is asking: a session's cookie or a bearer token.

mod cookie;
mod sign_in;
mod signed;

pub(crate) use sign_in::{own_path, sign_in_practice, sign_out};
pub(crate) use signed::{Signed, bearer};
