//! The effects that an executor performs, and the outcomes it reports, as plain data.

mod body;
mod clock;
mod exchange;
mod file;
mod form;
mod progress;
mod transport_error;

pub(crate) use self::transport_error::Head;
pub use self::{
    body::{Body, Part, PartContent},
    clock::{Moment, Now},
    exchange::{BodyPolicy, Exchange, FileTarget, Response, Timeout},
    file::{FileError, FileErrorKind, FileOutcome, FileTask},
    form::Form,
    progress::{Progress, TransferProgress},
    transport_error::{TransportError, TransportErrorKind},
};
