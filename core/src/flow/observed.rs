use core::{convert::Infallible, mem};

use crate::{
    effect::{Moment, Now},
    error::{Error, Operation},
    flow::{Flow, MapError},
    machine::{Machine, Reply, Step, Ticket},
    model::ThreadId,
    observe::{Observation, OperationId},
    session::Session,
};

/// An operation that is reported to the observer of its session.
#[derive(Debug)]
pub(crate) struct Observed<'a, F> {
    flow: F,
    subject: Subject<'a>,
    /// `None` after the end.
    report: Option<Report>,
}

impl<'a, F> Observed<'a, F> {
    pub(crate) fn new(flow: F, subject: Subject<'a>) -> Self {
        Self { flow, subject, report: Some(Report::new(subject.session.operation_id())) }
    }
}

/// The operation that is named in errors and reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) session: &'a Session,
    pub(crate) operation: &'static Operation,
    pub(crate) chat: Option<&'a ThreadId>,
}

/// The state of the reports of an operation.
#[derive(Debug)]
pub(super) struct Report {
    id: OperationId,
    /// Time of the first and of the last poll; `None` before the first.
    polled: Option<(Moment, Now)>,
    attempts: u32,
    /// Ticket of the last request.
    ticket: Option<Ticket>,
    status: Option<u16>,
}

impl<'a> Subject<'a> {
    /// Returns the operation with this subject in its error.
    pub(crate) fn named<F: Flow>(self, flow: F) -> MapError<F, impl FnMut(&mut Error) + Send + use<'a, F>> {
        MapError::new(flow, move |error| self.name(error))
    }

    /// Sets the operation that failed.
    pub(super) fn name(self, error: &mut Error) {
        error.set_operation(self.operation, self.chat, &self.session.redaction());
    }

    fn observe(&self, now: Now, observation: &Observation<'_>) {
        if let Some(observer) = self.session.observer() {
            observer.observe(now, observation);
        }
    }
}

impl Report {
    pub(super) const fn new(id: OperationId) -> Self {
        Self { id, polled: None, attempts: 0, ticket: None, status: None }
    }

    pub(super) fn before_poll(&mut self, subject: &Subject<'_>, now: Now) {
        let is_first = self.polled.is_none();
        self.polled.get_or_insert((now.moment, now)).1 = now;
        if is_first {
            let Subject { operation, chat, .. } = *subject;
            subject.observe(now, &Observation::Started { id: self.id, operation, chat });
        }
    }

    pub(super) fn on_send(&mut self, subject: &Subject<'_>, now: Now, ticket: Ticket) {
        if self.ticket.replace(ticket) != Some(ticket) {
            self.attempts = self.attempts.saturating_add(1);
            let Subject { operation, chat, .. } = *subject;
            subject.observe(now, &Observation::Attempt { id: self.id, operation, chat, attempt: self.attempts });
        }
    }

    pub(super) fn before_handle(&mut self, reply: &Reply) {
        if let Reply::Response(response) = reply {
            self.status = Some(response.status().as_u16());
        }
    }

    pub(super) fn after_handle(&self, subject: &Subject<'_>, now: Now, ticket: Ticket) {
        if let Some((error, retry_at)) = subject.session.take_retry(ticket) {
            let (id, attempt, Subject { operation, chat, .. }) = (self.id, self.attempts, *subject);
            subject.observe(now, &Observation::Retrying { id, operation, chat, attempt, error: &error, retry_at });
        }
    }

    /// Reports the drop of an operation, if it has started and not ended.
    pub(super) fn on_drop(&self, subject: &Subject<'_>) {
        if let Some((_, now)) = self.polled {
            let Subject { operation, chat, .. } = *subject;
            subject.observe(now, &Observation::Abandoned { id: self.id, operation, chat });
        }
    }

    pub(super) fn on_finished(&self, subject: &Subject<'_>, now: Now, error: Option<&Error>) {
        let started = self.polled.map_or(now.moment, |(started, _)| started);
        let Subject { operation, chat, .. } = *subject;
        subject.observe(
            now,
            &Observation::Finished {
                id: self.id,
                operation,
                chat,
                attempts: self.attempts,
                elapsed: now.moment.saturating_duration_since(started),
                status: self.status,
                request_id: error.and_then(Error::request_id),
                error,
            },
        );
    }
}

impl<F: Flow> Machine for Observed<'_, F> {
    type Event = Infallible;
    type Output = F::Output;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<F::Output, Error>> {
        let Some(report) = &mut self.report else { return self.flow.poll(now) };
        report.before_poll(&self.subject, now);
        let step = self.flow.poll(now);
        match &step {
            Step::Send(ticket, _) => report.on_send(&self.subject, now, *ticket),
            Step::Done(result) => {
                // Taken first: an observer that panics must not be called again by the drop.
                if let Some(report) = mem::take(&mut self.report) {
                    report.on_finished(&self.subject, now, result.as_ref().err());
                }
            }
            _ => {}
        }
        step
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        let Some(report) = &mut self.report else { return self.flow.handle(now, ticket, reply) };
        report.before_handle(&reply);
        self.flow.handle(now, ticket, reply);
        report.after_handle(&self.subject, now, ticket);
    }
}

impl<F> Drop for Observed<'_, F> {
    fn drop(&mut self) {
        if let Some(report) = &self.report {
            report.on_drop(&self.subject);
        }
    }
}
