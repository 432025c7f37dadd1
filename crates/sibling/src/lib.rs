//! Signed calls from one of our services to another.
//!
//! A service that is called believes two things of a signed request that it believes of no other: that the body is
//! from a sibling, and that the trace which the headers name is its own. So the signature covers both, with the
//! method, the path, the time and a nonce: nobody can change one of them, send it elsewhere, or send it twice.
//!
//! [`Caller`] makes such calls, [`Verifier`] admits them; both hold the same [`Key`].

mod call;
mod key;
mod signature;
mod verify;

pub use call::{CallError, Caller, Sibling};
pub use key::{Key, WeakKey};
pub use verify::{Arrived, Refused, Verifier};
