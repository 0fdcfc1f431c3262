//! The effects that an executor performs, and the outcomes it reports, as plain data.

mod clock;
mod exchange;
mod file;
mod progress;
mod transport_error;

pub(crate) use self::transport_error::Head;
pub use self::{
    clock::{Moment, Now},
    exchange::{Body, BodyPolicy, Exchange, FileTarget, Response, Timeout},
    file::{FileError, FileErrorKind, FileOutcome, FileTask},
    progress::{Progress, TransferProgress},
    transport_error::{TransportError, TransportErrorKind},
};
