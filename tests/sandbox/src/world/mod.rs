//! The whole contract as a pure state machine, without sockets, clocks or threads; a seed replaces randomness.
//!
//! ```text
//!  request ──▶ admit ──▶ execute ──▶ Handled::Response
//!              401 429     │ ▲       Handled::File    the bytes are kept by the driver of the world
//!              404 405     ▼ │
//!                  Handled::Park     call `resume` when the world has changed, or at the deadline
//! ```
//!
//! [`World::handle`] runs all stages for a complete request. The server uses the stages separately, to reject a request
//! before its body is read and to stream uploads to files.
//!
//! # Modules
//!
//! Imports point downwards only:
//!
//! ```text
//! polls                                        long polls of a driver in virtual time
//! handle, uploads                              the stages of a request
//! stages, checks, routes                       their types, checks, and the table of operations
//! person_actions, admin_actions                actions without a request
//! as_person, reset                             operations as a person, and a new start
//! saved                                        the world in parts, for a store
//! views                                        what people and developers see
//! organisation, overview                       the initial data, and a description of it
//! operations                                   a handler per operation
//! call, outcome                                the input and output of a handler
//! state                                        chats, messages, users, keys, the log of updates
//! contract                                     JSON objects, queries, headers, problems
//! ids, now                                     seeded ids, time as data
//! ```
//!
//! ```
//! use std::time::Duration;
//!
//! use http::Request;
//! use teamwire_sandbox::world::{Handled, Now, World, org};
//!
//! let mut world = World::new(7);
//! let now = Now::after(chrono::DateTime::UNIX_EPOCH, Duration::from_secs(5));
//! world.as_person(now, org::ANNA).post(org::LOBBY, "Good morning.")?;
//!
//! let request = Request::get("/health").body(Vec::new())?;
//! let Handled::Response(response) = world.handle(now, request) else { panic!("/health returns at once") };
//! assert_eq!(response.status(), 200);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admin_actions;
#[cfg(feature = "server")]
mod as_person;
mod call;
mod checks;
pub(crate) mod contract;
#[cfg(feature = "server")]
mod credentials;
mod handle;
mod ids;
mod now;
mod operations;
mod organisation;
mod outcome;
mod overview;
mod person_actions;
mod polls;
mod reset;
mod routes;
#[cfg(feature = "server")]
pub(crate) mod saved;
mod stages;
pub(crate) mod state;
mod uploads;
#[cfg(feature = "server")]
pub(crate) mod views;

#[cfg(feature = "server")]
pub(crate) use contract::headers::file_name as file_name_of;
pub use contract::problem::problem_response;
#[cfg(feature = "server")]
pub(crate) use credentials::{CredentialsProblem, app_id_of};
pub use ids::BodyDigest;
#[cfg(feature = "server")]
pub(crate) use ids::UPLOAD_NAME_LENGTH;
pub use now::Now;
pub use organisation::org;
#[cfg(feature = "server")]
pub(crate) use outcome::AssetResponse;
pub use outcome::FileResponse;
pub use person_actions::{PersonActions, Rejection};
pub use polls::{Polls, Repeated};
#[cfg(feature = "server")]
pub(crate) use routes::match_path;
pub use routes::{route_of, routes};
pub use stages::{
    Admission, Admitted, BodyPlan, CommittedUpload, Handled, Parked, Payload, PollDescription, Upload, UploadStart,
};
pub use state::{
    World,
    assets::{ReceivedFile, jpeg_dimensions},
    bots::{BotKey, RateLimit},
    message::PostedMessage,
    org_settings::OrgSettings,
};
