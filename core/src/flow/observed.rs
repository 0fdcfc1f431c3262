use alloc::boxed::Box;
use core::{convert::Infallible, mem};

use crate::{
    effect::{Moment, Now},
    error::Error,
    executor::Executor,
    flow::Flow,
    machine::{Machine, Reply, Step, Ticket},
    model::ThreadId,
    observe::{Observation, OperationId},
    session::Session,
};

/// Runs an operation with this name, and reports it to the observer of the session, if there is one.
///
/// Without an observer, the operation is run as it is: a wrapper would cost about one percent of its instructions.
pub(crate) fn run_observed<'a, X: Executor, F: Flow + 'a>(
    executor: &'a X,
    operation: &'static str,
    chat: Option<&ThreadId>,
    flow: F,
) -> X::Run<'a, F::Output>
where
    F::Output: 'a,
{
    if executor.session().observer().is_none() {
        return executor.run(flow);
    }
    // Boxed, so that not every operation is compiled twice.
    let flow: Box<dyn Flow<Output = F::Output> + 'a> = Box::new(flow);
    executor.run(Observed::new(executor.session(), operation, chat, flow))
}

/// An operation that is reported to the observer of its session.
#[derive(Debug)]
struct Observed<F> {
    flow: F,
    /// `None` without an observer, and after the end.
    report: Option<Box<Report>>,
}

#[derive(Debug)]
struct Report {
    session: Session,
    id: OperationId,
    operation: &'static str,
    chat: Option<ThreadId>,
    /// Time of the first and of the last poll; `None` before the first.
    polled: Option<(Moment, Now)>,
    attempts: u32,
    /// Ticket of the last request.
    ticket: Option<Ticket>,
    status: Option<u16>,
}

impl<F: Flow> Observed<F> {
    fn new(session: &Session, operation: &'static str, chat: Option<&ThreadId>, flow: F) -> Self {
        let report = session.observer().map(|_| {
            Box::new(Report {
                session: session.clone(),
                id: session.operation_id(),
                operation,
                chat: chat.cloned(),
                polled: None,
                attempts: 0,
                ticket: None,
                status: None,
            })
        });
        Self { flow, report }
    }
}

impl Report {
    fn observe(&self, now: Now, observation: &Observation<'_>) {
        if let Some(observer) = self.session.observer() {
            observer.observe(now, observation);
        }
    }

    fn before_poll(&mut self, now: Now) {
        let is_first = self.polled.is_none();
        self.polled.get_or_insert((now.moment, now)).1 = now;
        if is_first {
            let Self { id, operation, chat, .. } = &*self;
            self.observe(now, &Observation::Started { id: *id, operation, chat: chat.as_ref() });
        }
    }

    fn on_send(&mut self, now: Now, ticket: Ticket) {
        if self.ticket.replace(ticket) != Some(ticket) {
            self.attempts = self.attempts.saturating_add(1);
            self.observe(now, &Observation::Attempt { id: self.id, attempt: self.attempts });
        }
    }

    fn on_finished(&self, now: Now, error: Option<&Error>) {
        let started = self.polled.map_or(now.moment, |(started, _)| started);
        self.observe(
            now,
            &Observation::Finished {
                id: self.id,
                attempts: self.attempts,
                elapsed: now.moment.saturating_duration_since(started),
                status: self.status,
                request_id: error.and_then(Error::request_id),
                error,
            },
        );
    }
}

impl<F: Flow> Machine for Observed<F> {
    type Event = Infallible;
    type Output = F::Output;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<F::Output, Error>> {
        let Some(report) = &mut self.report else { return self.flow.poll(now) };
        report.before_poll(now);
        let step = self.flow.poll(now);
        match &step {
            Step::Send(ticket, _) => report.on_send(now, *ticket),
            Step::Done(result) => {
                // Taken first: an observer that panics must not be called again by the drop.
                if let Some(report) = mem::take(&mut self.report) {
                    report.on_finished(now, result.as_ref().err());
                }
            }
            _ => {}
        }
        step
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        let Some(report) = &mut self.report else { return self.flow.handle(now, ticket, reply) };
        if let Reply::Response(response) = &reply {
            report.status = Some(response.status().as_u16());
        }
        self.flow.handle(now, ticket, reply);
        if let Some((error, retry_at)) = report.session.take_retry(ticket) {
            let (id, attempt) = (report.id, report.attempts);
            report.observe(now, &Observation::Retrying { id, attempt, error: &error, retry_at });
        }
    }
}

/// Reports an operation that has started and not ended.
impl<F> Drop for Observed<F> {
    fn drop(&mut self) {
        if let Some(report) = &self.report
            && let Some((_, now)) = report.polled
        {
            report.observe(now, &Observation::Abandoned { id: report.id });
        }
    }
}
