use core::convert::Infallible;

use crate::machine::Step;

impl<T> Step<Infallible, T> {
    /// Returns the output of a finished flow; otherwise, its step as one of the machine that contains the flow.
    pub(crate) fn into_output<E, U>(self) -> Result<T, Step<E, U>> {
        match self {
            Self::Done(output) => Ok(output),
            Self::Send(ticket, exchange) => Err(Step::Send(ticket, exchange)),
            Self::File(ticket, task) => Err(Step::File(ticket, task)),
            Self::Sleep(moment) => Err(Step::Sleep(moment)),
            Self::Event(never) => match never {},
        }
    }
}

/// Evaluates to the output of a finished flow, and returns any other step to the caller, as
/// [`core::task::ready!`] does with `Pending`. The caller need not restore its state.
macro_rules! ready {
    ($step:expr) => {
        match $step.into_output() {
            Ok(output) => output,
            Err(step) => return step,
        }
    };
}

pub(crate) use ready;
