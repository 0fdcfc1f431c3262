//! The whole contract as a pure state machine: no sockets, no clock, no threads, and no randomness but a seed.
//!
//! ```text
//!  request ──▶ admit ──▶ perform ──▶ Handled::Response
//!              401 429     │ ▲       Handled::File    the bytes lie with whoever drives the world
//!              404 405     ▼ │
//!                  Handled::Park     ask again by `resume`, when something has changed or at its deadline
//! ```
//!
//! [`World::handle`] does all of it for requests that are whole; the server uses the steps, to answer before it has
//! read a body, and to stream the bytes of files past the world.
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
//! let Handled::Response(answer) = world.handle(now, request) else { panic!("nothing to wait for") };
//! assert_eq!(answer.status(), 200);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admin_actions;
mod call;
mod checks;
mod contract;
mod handle;
mod ids;
mod now;
mod operations;
mod organisation;
mod outcome;
mod person_actions;
mod routes;
mod stages;
mod state;
mod uploads;

pub use contract::problem::problem_response;
pub use ids::BodyDigest;
pub use now::Now;
pub use organisation::org;
pub use outcome::FileResponse;
pub use person_actions::{PersonActions, Rejection};
pub use routes::{route_of, routes};
pub use stages::{Admission, Admitted, BodyPlan, CommittedUpload, Handled, Parked, Payload, Upload, UploadStart};
pub use state::{
    World,
    assets::{ReceivedFile, jpeg_dimensions},
    bots::{BotKey, RateLimit},
    org_settings::OrgSettings,
};
