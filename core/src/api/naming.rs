use crate::{
    error::Error,
    flow::{Flow, MapError},
    model::MessageId,
};

/// Names the message of an operation in its error, if it has not been found.
pub(super) fn naming<F: Flow>(
    flow: F,
    message: Option<MessageId>,
) -> MapError<F, impl FnMut(&mut Error) + Send + use<F>> {
    MapError::new(flow, move |error| {
        if let Some(message) = &message {
            error.set_message(message);
        }
    })
}
