//! The time limits of clients: retry policies, deadlines and stop handles of their own, on one session.

mod budgets;
mod deadlines;
mod feeds;
mod graces;
mod logins;
mod sockets;
mod stops;
mod support;
mod waits;
