//! Discord: REST, gateway, limits, and what messages look like.
