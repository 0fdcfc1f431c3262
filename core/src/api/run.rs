//! Running of operations: their errors name them, and an observer gets their reports.

use alloc::boxed::Box;

use crate::{
    error::Operation,
    executor::Executor,
    flow::{Flow, Observed, Subject},
    model::ThreadId,
};

/// Runs an operation, which its error names, and reports it to the observer of the session, if there is one.
pub(super) fn run_observed<'a, X: Executor, F: Flow + 'a>(
    executor: &'a X,
    operation: &'static Operation,
    chat: Option<&'a ThreadId>,
    flow: F,
) -> X::Run<'a, F::Output>
where
    F::Output: 'a,
{
    let subject = Subject { session: executor.session(), operation, chat };
    let flow = subject.named(flow);
    if subject.session.observer().is_none() { executor.run(flow) } else { observe(executor, subject, flow) }
}

/// Runs an operation, which its error names, without a report.
pub(super) fn run_unobserved<'a, X: Executor, F: Flow + 'a>(
    executor: &'a X,
    operation: &'static Operation,
    flow: F,
) -> X::Run<'a, F::Output>
where
    F::Output: 'a,
{
    executor.run(Subject { session: executor.session(), operation, chat: None }.named(flow))
}

/// A function of its own, and cold: a client without an observer pays nothing for one.
#[cold]
fn observe<'a, X: Executor, F: Flow + 'a>(executor: &'a X, subject: Subject<'a>, flow: F) -> X::Run<'a, F::Output>
where
    F::Output: 'a,
{
    // Boxed, so that not every operation is compiled twice.
    let flow: Box<dyn Flow<Output = F::Output> + 'a> = Box::new(flow);
    executor.run(Observed::new(flow, subject))
}
