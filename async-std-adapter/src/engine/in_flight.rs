//! A request in flight.

use std::io;

use teamwire_core::effect::TransportError;

use super::{
    connection::Connection, deadline::Deadline, errors::disconnected, progress::ExchangeProgress,
    response::PendingResponse,
};
use crate::runtime::Runtime;

/// A request in flight: its connection, response, progress and deadline.
pub(super) struct InFlight<'a, 'r, R: Runtime> {
    pub(super) connection: &'a mut Connection<R::Stream>,
    pub(super) response: PendingResponse,
    pub(super) progress: &'a mut ExchangeProgress,
    pub(super) deadline: &'a mut Deadline<'r, R>,
}

impl<R: Runtime> InFlight<'_, '_, R> {
    /// Waits for the head of the final response.
    pub(super) async fn receive_head(&mut self) -> Result<(), TransportError> {
        let Self { connection, response, deadline, .. } = self;
        while !response.read(&mut connection.input)? {
            match connection.receive(deadline).await? {
                Ok(0) if connection.input.is_empty() => {
                    return Err(disconnected("closed by the server without a response"));
                }
                Ok(0) => return Err(disconnected("closed by the server within the head of its response")),
                Ok(_) => {}
                Err(error) => return Err(connection.transport_error(&error)),
            }
        }
        Ok(())
    }

    /// Handles bytes that arrived while there was more to send; zero bytes mean the end of the stream.
    pub(super) fn on_input(&mut self, received: io::Result<usize>) -> Result<(), Interrupted> {
        let received = received.map_err(|error| self.connection.transport_error(&error))?;
        let has_head = self.response.read(&mut self.connection.input)?;
        if has_head || received == 0 { Err(Interrupted::ResponseArrived) } else { Ok(()) }
    }
}

/// The reason why the sending of a request ended early.
pub(super) enum Interrupted {
    /// The response, or the end of the stream, has arrived.
    ResponseArrived,
    /// A write has failed. A response may have arrived nevertheless.
    ConnectionBroken(io::Error),
    Error(TransportError),
}

impl From<TransportError> for Interrupted {
    fn from(error: TransportError) -> Self {
        Self::Error(error)
    }
}

impl From<io::Error> for Interrupted {
    fn from(error: io::Error) -> Self {
        Self::ConnectionBroken(error)
    }
}
