//! The pool compared with a simple model: a list of all connections that were ever made.

use proptest::prelude::*;

use super::{super::history::max_age, *};

/// A step of a user of a pool.
#[derive(Clone, Debug)]
enum Operation {
    /// Makes a connection to this origin.
    Open(usize),
    /// Takes a connection to this origin. Those whose number is a multiple of `dead` are not open.
    CheckOut {
        origin: usize,
        replaces_stale: bool,
        dead: Option<usize>,
    },
    /// Returns a connection that is in use.
    CheckIn(usize),
    /// Ends the exchange of a connection that is in use, which was closed without a response.
    Lose(usize),
    CloseIdle(usize),
    /// Lets this number of milliseconds pass.
    Wait(u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    InUse { reused: Option<Instant> },
    Idle { since: Instant },
    Closed,
}

/// A connection, whose number is its position.
#[derive(Clone, Copy, Debug)]
struct Known {
    origin: usize,
    opened: Instant,
    /// Set when it is first returned.
    old_from: Option<Instant>,
    checked: Instant,
    place: Place,
}

/// The model. It searches the whole list, in no order.
struct Model {
    connections: Vec<Known>,
    lost: Option<Instant>,
    /// Number of connections that were ever returned.
    returned: u32,
    max_idle: usize,
    max_idle_age: Duration,
}

impl Model {
    fn open(&mut self, origin: usize, now: Instant) -> usize {
        self.connections.push(Known {
            origin,
            opened: now,
            old_from: None,
            checked: now,
            place: Place::InUse { reused: None },
        });
        self.connections.len() - 1
    }

    /// Returns the numbers of the idle connections, the longest idle one first.
    fn idle(&self) -> Vec<(usize, Instant, usize)> {
        let idle = |(number, known): (usize, &Known)| match known.place {
            Place::Idle { since } => Some((number, since, known.origin)),
            _ => None,
        };
        let mut idle: Vec<_> = self.connections.iter().enumerate().filter_map(idle).collect();
        idle.sort_by_key(|(_, since, _)| *since);
        idle
    }

    fn close(&mut self, which: impl Fn(usize, Instant, usize) -> bool) {
        for (number, since, origin) in self.idle() {
            if which(number, since, origin) {
                self.connections[number].place = Place::Closed;
            }
        }
    }

    fn expire(&mut self, now: Instant) {
        let max = self.max_idle_age;
        self.close(|_, since, _| since + max <= now);
    }

    /// Returns the number of the connection, and whether it is trusted.
    fn check_out(
        &mut self,
        origin: usize,
        replaces_stale: bool,
        now: Instant,
        is_open: impl Fn(usize) -> bool,
    ) -> Option<(usize, bool)> {
        self.expire(now);
        for (number, ..) in self.idle().into_iter().rev().filter(|(_, _, of)| *of == origin) {
            let known = &mut self.connections[number];
            if known.old_from.is_some_and(|then| then <= now) || !is_open(number) {
                known.place = Place::Closed;
                continue;
            }
            let is_distrusted = self.lost.is_some_and(|lost| now < lost + 60 * SECOND);
            let is_trusted = replaces_stale && now < known.checked + SECOND && !is_distrusted;
            if !is_trusted {
                known.checked = now;
            }
            known.place = Place::InUse { reused: Some(now) };
            return Some((number, is_trusted));
        }
        None
    }

    fn check_in(&mut self, number: usize, now: Instant) {
        let known = &mut self.connections[number];
        if self.max_idle > 0 && known.old_from.is_none() {
            self.returned += 1;
            known.old_from = Some(known.opened + max_age(self.returned));
        }
        if known.old_from.is_none_or(|then| then <= now) {
            known.place = Place::Closed;
            return;
        }
        self.expire(now);
        while let idle = self.idle()
            && idle.len() >= self.max_idle
        {
            self.connections[idle[0].0].place = Place::Closed;
        }
        self.connections[number].place = Place::Idle { since: now };
    }

    fn lose(&mut self, number: usize) {
        let Known { origin, place, .. } = self.connections[number];
        self.connections[number].place = Place::Closed;
        if let Place::InUse { reused: Some(reused) } = place {
            self.lost = self.lost.max(Some(reused));
            self.close(|_, since, of| since <= reused && of == origin);
        }
    }
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        3 => (0..2_usize).prop_map(Operation::Open),
        4 => (0..2_usize, any::<bool>(), proptest::option::weighted(0.25, 2..5_usize))
            .prop_map(|(origin, replaces_stale, dead)| Operation::CheckOut { origin, replaces_stale, dead }),
        5 => any::<usize>().prop_map(Operation::CheckIn),
        1 => any::<usize>().prop_map(Operation::Lose),
        1 => (0..2_usize).prop_map(Operation::CloseIdle),
        4 => prop_oneof![4 => 1..2_000_u64, 2 => 1..70_000_u64, 1 => 1..300_000_u64].prop_map(Operation::Wait),
    ];
    proptest::collection::vec(operation, 1..80)
}

proptest! {
    #[test]
    fn pool_acts_as_its_model(
        operations in operations(),
        max_idle in 0..6_usize,
        max_idle_age in prop_oneof![1 => Just(0), 5 => 1..100_u32, 1 => Just(1_000)],
    ) {
        let origins = [api(), files()];
        let (max_idle_age, mut now) = (max_idle_age * SECOND, Instant::now());
        let closing = Closing::new(max_idle, max_idle_age);
        let mut model = Model { connections: Vec::new(), lost: None, returned: 0, max_idle, max_idle_age };
        let (mut in_use, mut closed) = (Vec::new(), Vec::new());
        for operation in operations {
            // So that no two are idle since the same moment.
            now += Duration::from_millis(1);
            match operation {
                Operation::Open(origin) => {
                    let number = model.open(origin, now);
                    in_use.push(Box::new(closing.open(number, &origins[origin], now)));
                }
                Operation::CheckOut { origin, replaces_stale, dead } => {
                    let is_open = |number: usize| dead.is_none_or(|dead| !number.is_multiple_of(dead));
                    let expected = model.check_out(origin, replaces_stale, now, is_open);
                    let uri = &origins[origin];
                    let taken = closing.pool.check_out(uri, None, replaces_stale, now, |it, _| is_open(it.number));
                    prop_assert_eq!(taken.as_ref().map(|it| (it.number, it.history.is_unchecked())), expected);
                    in_use.extend(taken);
                }
                Operation::CheckIn(index) if !in_use.is_empty() => {
                    let connection = in_use.swap_remove(index % in_use.len());
                    model.check_in(connection.number, now);
                    closing.pool.check_in(connection, now);
                }
                Operation::Lose(index) if !in_use.is_empty() => {
                    let connection = in_use.swap_remove(index % in_use.len());
                    model.lose(connection.number);
                    let lost = closing.pool.finish(connection, None, false, error(TransportErrorKind::Disconnected));
                    prop_assert!(lost.is_err());
                }
                Operation::CloseIdle(origin) => {
                    model.close(|_, _, of| of == origin);
                    closing.pool.close_idle(&origins[origin]);
                }
                Operation::Wait(time) => now += Duration::from_millis(time),
                Operation::CheckIn(_) | Operation::Lose(_) => {}
            }
            closed.extend(closing.closed());
            let places = model.connections.iter().map(|known| known.place);
            let expected: Vec<_> =
                places.enumerate().filter(|(_, place)| *place == Place::Closed).map(|(number, _)| number).collect();
            let mut actual = closed.clone();
            actual.sort_unstable();
            prop_assert_eq!(actual, expected, "each is closed once, and at once");
        }
    }
}
