use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll},
};

use crate::signal::Signal;

/// Runs a future in the calling thread, which blocks until its output: for bots that are generic over their executor,
/// which are `async` functions. See [`Portable`](crate::executor::Portable).
///
/// Such a bot is polled once on this crate's executor, because its operations block. A future that waits for something
/// else, such as a timer of another library, is polled again when it is woken.
///
/// ```
/// use teamwire_blocking::{
///     Error, Script, block_on, executor::Portable, scripted, script::v1::{expect, respond, sample},
/// };
///
/// // Usually in a crate of its own, which depends on teamwire-core only.
/// async fn greet<X: Portable>(client: &teamwire_core::Client<X>) -> Result<(), Error> {
///     let me = X::wait(client.contacts().me()).await?;
///     X::wait(client.chats().chat("c1").post(format!("I am {}.", me.first_name))).await?;
///     Ok(())
/// }
///
/// let script = Script::new()
///     .then(expect::me(), respond::user(sample::bot()))
///     .then(expect::post("c1"), respond::message(sample::message("m1", "c1", "")));
/// block_on(greet(&scripted(&script)))?;
/// script.assert_done();
/// # Ok::<(), Error>(())
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let signal = Signal::default();
    let waker = signal.waker();
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => signal.wait(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, thread};

    use super::*;

    #[test]
    fn future_that_waits_for_another_thread_is_polled_when_it_is_woken() {
        let mut waking = None;
        let output = block_on(poll_fn(|cx| match waking.take() {
            None => {
                let waker = cx.waker().clone();
                waking = Some(thread::spawn(move || waker.wake()));
                Poll::Pending
            }
            Some(thread) => Poll::Ready(thread.join().is_ok()),
        }));
        assert!(output);
    }
}
