//! Machines on the heap, of any type.

use alloc::boxed::Box;

use super::{Feed, Machine, Reply, Step, Ticket};
use crate::{effect::Now, error::Error};

impl<F: Feed + ?Sized> Feed for Box<F> {
    fn stop(&mut self, now: Now) {
        (**self).stop(now);
    }

    fn is_stopped(&self) -> bool {
        (**self).is_stopped()
    }

    fn has_started(&self) -> bool {
        (**self).has_started()
    }

    fn has_events(&self) -> bool {
        (**self).has_events()
    }

    fn is_list(&self) -> bool {
        (**self).is_list()
    }
}

impl<M: Machine + ?Sized> Machine for Box<M> {
    type Event = M::Event;
    type Output = M::Output;

    fn poll(&mut self, now: Now) -> Step<Self::Event, Result<Self::Output, Error>> {
        (**self).poll(now)
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        (**self).handle(now, ticket, reply);
    }
}
