//! The lower bound for requests at once: sockets on a single thread, which waits for all of them.

use std::os::fd::OwnedFd;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use super::floor::Floor;
use crate::http::Verb;

/// Sockets that one thread serves.
pub(crate) struct Epoll {
    events: OwnedFd,
    sockets: Vec<Floor>,
    ready: Vec<Event>,
}

impl Epoll {
    /// Connects this number of sockets.
    pub(crate) fn new(port: u16, count: usize) -> Self {
        let events = epoll::create(CreateFlags::CLOEXEC).expect("epoll works");
        let sockets: Vec<_> = (0..count).map(|_| Floor::new(port)).collect();
        for (index, socket) in (0..).zip(&sockets) {
            let added = epoll::add(&events, socket.socket(), EventData::new_u64(index), EventFlags::IN);
            added.expect("the socket is not registered yet");
        }
        Self { events, sockets, ready: Vec::with_capacity(count) }
    }

    /// Sends this number of requests, the same number over each socket.
    pub(crate) fn request(&mut self, verb: Verb, requests: usize) {
        let each = requests / self.sockets.len();
        let mut left = vec![each; self.sockets.len()];
        self.sockets.iter_mut().for_each(|socket| socket.send(verb));
        let mut in_flight = self.sockets.len();
        while in_flight > 0 {
            self.ready.clear();
            let ready = rustix::buffer::spare_capacity(&mut self.ready);
            epoll::wait(&self.events, ready, None).expect("epoll works");
            for event in &self.ready {
                let data = event.data;
                let index = usize::try_from(data.u64()).expect("the number is an index");
                let socket = &mut self.sockets[index];
                if !socket.receive(verb) {
                    continue;
                }
                left[index] -= 1;
                if left[index] > 0 {
                    socket.send(verb);
                } else {
                    in_flight -= 1;
                }
            }
        }
    }
}
