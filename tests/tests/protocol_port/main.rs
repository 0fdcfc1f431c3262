//! Protocols that differ from the contract: a login, posts without idempotency keys, and changes without a response.

mod changes;
mod contents;
mod crowds;
mod cuts;
mod dropped;
mod effects;
mod enclosed;
mod expiries;
mod failures;
mod keys;
mod logins;
mod once;
mod passwords;
mod pauses;
mod plain;
mod redirects;
mod secrets;
mod sockets;
mod support;
mod turns;
