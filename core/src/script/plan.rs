//! The expected requests of a script, and their responses.

use alloc::{collections::VecDeque, format, string::String, vec::Vec};
use core::panic::Location;

use super::{Expect, RecordedRequest, Respond, files::Files};
use crate::effect::Moment;

/// The expectations of a script. The first of these that applies responds to a request: an outage, a queue, a response
/// at any time, the next step.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// End of the outage.
    pub(super) down_until: Option<Moment>,
    queues: Vec<Queue>,
    always: Vec<(Expect, Respond)>,
    steps: VecDeque<ScriptedExchange>,
    /// Number of steps taken so far.
    completed: u32,
    last_completed: Option<&'static Location<'static>>,
}

/// The responses to the matching requests, in order.
#[derive(Debug)]
struct Queue {
    expect: Expect,
    responses: VecDeque<Respond>,
    total: u32,
    location: &'static Location<'static>,
}

/// An expected request and its response, which is returned as often as it says.
#[derive(Debug)]
struct ScriptedExchange {
    expect: Expect,
    respond: Respond,
    location: &'static Location<'static>,
}

/// A received request, and what it is compared with.
#[derive(Clone, Copy)]
pub(super) struct Received<'a> {
    pub(super) request: &'a RecordedRequest,
    /// Path of the base URL.
    pub(super) base: &'a str,
    pub(super) files: &'a Files,
}

impl Received<'_> {
    fn difference(&self, expect: &Expect) -> Option<String> {
        expect.difference(self.request, self.base, self.files)
    }

    fn matches(&self, expect: &Expect) -> bool {
        self.difference(expect).is_none()
    }
}

impl Plan {
    pub(super) fn then(&mut self, expect: Expect, respond: Respond, location: &'static Location<'static>) {
        if respond.times > 0 {
            self.steps.push_back(ScriptedExchange { expect, respond, location });
        }
    }

    pub(super) fn on(&mut self, expect: Expect, responses: VecDeque<Respond>, location: &'static Location<'static>) {
        let total = count(&responses);
        self.queues.push(Queue { expect, responses, total, location });
    }

    pub(super) fn always(&mut self, expect: Expect, respond: Respond) {
        self.always.push((expect, respond));
    }

    pub(super) fn is_down(&self, now: Moment) -> bool {
        self.down_until.is_some_and(|until| now < until)
    }

    /// Returns `true` if a feed ends with this request: the responses to it are used up, or the whole script is.
    pub(super) fn is_used_up(&self, received: Received<'_>) -> bool {
        let is_next = || self.steps.front().is_some_and(|step| received.matches(&step.expect));
        let has_response =
            self.queues.iter().any(|queue| !queue.responses.is_empty() && received.matches(&queue.expect))
                || self.always.iter().any(|(expect, _)| received.matches(expect));
        !has_response && (self.steps.is_empty() || (self.used_up_queue(received).is_some() && !is_next()))
    }

    fn used_up_queue(&self, received: Received<'_>) -> Option<&Queue> {
        self.queues.iter().rev().find(|queue| queue.responses.is_empty() && received.matches(&queue.expect))
    }

    /// Returns the response to a request, or a description of the difference.
    pub(super) fn respond(&mut self, received: Received<'_>) -> Result<Respond, String> {
        let mut queues = self.queues.iter_mut();
        let queue = queues.find(|queue| !queue.responses.is_empty() && received.matches(&queue.expect));
        if let Some(respond) = queue.and_then(|queue| take_first(&mut queue.responses, |respond| respond)) {
            return Ok(respond);
        }
        if let Some((_, respond)) = self.always.iter().find(|(expect, _)| received.matches(expect)) {
            return Ok(respond.clone());
        }
        let difference = match self.steps.front() {
            Some(step) => received.difference(&step.expect),
            None => Some(String::new()),
        };
        if let Some(difference) = difference {
            return Err(self.unexpected(received, &difference));
        }
        self.completed = self.completed.saturating_add(1);
        self.last_completed = self.steps.front().map(|step| step.location);
        take_first(&mut self.steps, |step| &mut step.respond).ok_or_else(|| self.unexpected(received, ""))
    }

    /// Describes an unexpected request. `difference` is that to the next step.
    fn unexpected(&self, received: Received<'_>, difference: &str) -> String {
        let got = received.request;
        if let Some(Queue { expect, total, location, .. }) = self.used_up_queue(received) {
            let responses = if *total == 1 { "response is" } else { "responses are" };
            return format!(
                "unexpected request: its {total} {responses} used up\n  where     {location}\n  \
                 expected  {expect}\n  got       {got}"
            );
        }
        let steps = self.steps.iter().fold(self.completed, |sum, step| sum.saturating_add(step.respond.times));
        let last = self.last_completed.map(|last| format!("\n  after     {last}")).unwrap_or_default();
        match self.steps.front() {
            Some(ScriptedExchange { expect, location, .. }) => format!(
                "unexpected request\n  where     {location}, step {} of {steps}\n  expected  {expect}\n  \
                 got       {got}\n  differs   {difference}",
                self.completed + 1,
            ),
            None => format!("unexpected request after step {steps} of {steps}{last}\n  got       {got}"),
        }
    }

    /// Describes the expected requests that were not sent.
    pub(super) fn missing(&self) -> String {
        let queues = self.queues.iter().map(|queue| (&queue.expect, count(&queue.responses), queue.location));
        let steps = self.steps.iter().map(|step| (&step.expect, step.respond.times, step.location));
        let missing = queues.chain(steps).filter(|(_, times, _)| *times > 0);
        let line = |(expect, times, location): (&Expect, u32, &Location<'_>)| {
            let times = if times == 1 { String::new() } else { format!(" ({times} times)") };
            format!("\n  expected  {expect}{times}\n  where     {location}")
        };
        missing.map(line).collect()
    }
}

fn count(responses: &VecDeque<Respond>) -> u32 {
    responses.iter().fold(0, |sum, respond| sum.saturating_add(respond.times))
}

/// Returns the response of the first item, and removes the item if it was its last time.
fn take_first<T>(items: &mut VecDeque<T>, respond: impl Fn(&mut T) -> &mut Respond) -> Option<Respond> {
    let first = respond(items.front_mut()?);
    first.times -= 1;
    let (taken, is_last) = (first.clone(), first.times == 0);
    if is_last {
        items.pop_front();
    }
    Some(taken)
}
