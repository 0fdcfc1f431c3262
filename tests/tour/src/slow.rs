//! The story at a pace at which a person can follow it, on the page of the sandbox.

use std::{
    error::Error,
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use teamwire_sandbox::{Sandbox, StopSignal};

use crate::{
    adapter::{Adapter, Blocking},
    pace::{Pace, Stopped},
    report::Report,
    story::run_on,
};

/// The time between two looks at the terminal.
const LOOK: Duration = Duration::from_millis(100);

/// Plays the story with this pause before each step. Returns whether everything succeeded, once the program is stopped.
pub(crate) fn play(pause: Duration) -> Result<bool, Box<dyn Error>> {
    let signal = StopSignal::listen()?;
    let page = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let sandbox = Sandbox::builder().page(page).start()?;
    let url = sandbox.page_url().ok_or("the sandbox has no page")?;
    let mut out = io::stdout();
    writeln!(out, "Open {url} in a browser.\nThe story begins when it is open, or when Enter is pressed.\n")?;
    let (sender, stop) = mpsc::channel();
    thread::spawn(move || {
        signal.wait();
        // The story may have ended with an error.
        let _ = sender.send(());
    });
    let pace = Pace::Slow { pause, stop };
    if wait_for_viewer(&sandbox, &pace) == Err(Stopped) {
        return Ok(true);
    }
    let mut report = Report::new(Blocking::NAME);
    let result = run_on::<Blocking>(&sandbox, &pace, &mut report);
    if result.as_ref().is_err_and(|error| error.is::<Stopped>()) {
        return Ok(true);
    }
    result?;
    writeln!(out, "\nThe story has ended. Play the people at {url}, or press Ctrl-C to stop.")?;
    pace.wait_for_stop();
    Ok(report.entries.iter().all(|entry| entry.result.is_ok()))
}

/// Waits until a browser shows the page, or until Enter is pressed. Without a terminal, it does not wait.
fn wait_for_viewer(sandbox: &Sandbox, pace: &Pace) -> Result<(), Stopped> {
    let is_entered = Arc::new(AtomicBool::new(false));
    let enter = is_entered.clone();
    thread::spawn(move || {
        // An end or an error of the input counts as Enter.
        let _ = io::stdin().read_line(&mut String::new());
        enter.store(true, Ordering::Relaxed);
    });
    while !is_entered.load(Ordering::Relaxed) && sandbox.page_viewers() == 0 {
        pace.pause_for(LOOK)?;
    }
    Ok(())
}
