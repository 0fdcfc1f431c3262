use std::{io::ErrorKind, mem::MaybeUninit};

use socket2::SockRef;

/// Whether something has arrived on this socket and was not read yet, or its end. The socket is one that never waits.
pub fn has_arrived<'s, S>(socket: &'s S) -> bool
where
    SockRef<'s>: From<&'s S>,
{
    let peeked = SockRef::from(socket).peek(&mut [MaybeUninit::uninit()]);
    !peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}
