use std::io::{Read, Write};

use teamwire_platform::Socket;
use ureq::unversioned::transport::{NextTimeout, Transport, TransportAdapter};

use super::dial::time;

/// What bytes go through: TCP, or a tunnel.
pub(super) enum Link<In: Transport> {
    Direct(Socket),
    Tunnel(TransportAdapter<In>),
}

impl<In: Transport> Link<In> {
    pub(super) fn stream(&mut self) -> &mut dyn Stream {
        match self {
            Self::Direct(socket) => socket,
            Self::Tunnel(tunnel) => tunnel,
        }
    }

    pub(super) fn set_time(&mut self, timeout: NextTimeout) {
        let (read, write) = (timeout.for_read(), timeout.for_write());
        match self {
            Self::Direct(socket) => socket.set_time(time(read), time(write), time(timeout)),
            Self::Tunnel(tunnel) => tunnel.set_timeout(timeout),
        }
    }

    /// Whether it is open, and nothing has come of which nobody knows what for.
    pub(super) fn is_silent(&mut self) -> bool {
        match self {
            Self::Direct(socket) => socket.is_silent(),
            // What is left over would be taken for the next answer. ureq looks for it above and below of this buffer.
            Self::Tunnel(tunnel) => tunnel.get_mut().buffers().input().is_empty() && tunnel.get_mut().is_open(),
        }
    }
}

pub(super) trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}
