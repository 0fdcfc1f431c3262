//! What can go wrong: the kinds of errors, what they carry, when there is another attempt, and what none of them shows.

mod bodies;
mod chains;
mod connections;
mod echoes;
mod escapes;
mod kinds;
mod retries;
mod secrets;
