//! The default transport.

use teamwire_core::{effect::Exchange, machine::Reply};

use super::Transport;
use crate::{engine::Engine, runtime::Runtime};

impl<R: Runtime> Transport for Engine<R> {
    async fn perform(&self, exchange: Box<Exchange>) -> Reply {
        match self.exchange(&exchange).await {
            Ok(response) => Reply::Response(response),
            Err(error) => Reply::Error(error),
        }
    }
}
