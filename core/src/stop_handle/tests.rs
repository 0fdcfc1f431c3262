use core::sync::atomic::AtomicUsize;

use super::*;

/// Returns a counter, and a hook that increments it.
fn counter() -> (Arc<AtomicUsize>, impl Fn() + Send + Sync + Clone) {
    let count = Arc::<AtomicUsize>::default();
    let counted = count.clone();
    (count, move || {
        counted.fetch_add(1, Ordering::SeqCst);
    })
}

#[test]
fn hooks_are_called_once_and_not_after_they_were_dropped() {
    let (stop, (count, hook)) = (StopHandle::new(), counter());
    let _kept = stop.on_stop(hook.clone());
    drop(stop.on_stop(hook.clone()));
    assert!(!stop.is_stopped());
    stop.clone().stop();
    stop.stop();
    assert_eq!((stop.is_stopped(), count.load(Ordering::SeqCst)), (true, 1));
    let _late = stop.on_stop(hook);
    assert_eq!(count.load(Ordering::SeqCst), 2, "it is called immediately");
}

#[test]
fn hook_may_use_the_handle() {
    let (stop, (count, hook)) = (StopHandle::new(), counter());
    let own = Arc::new(Shared::<Option<OnStop>>::default());
    let (handle, slot) = (stop.clone(), own.clone());
    let on_stop = stop.on_stop(move || {
        drop(slot.with(Option::take));
        drop(handle.on_stop(hook.clone()));
        handle.stop();
    });
    own.with(|slot| *slot = Some(on_stop));
    stop.stop();
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn combined_handle_is_stopped_with_each_of_its_sources_but_does_not_stop_them() {
    let sources = [StopHandle::new(), StopHandle::new()];
    for source in &sources {
        let (first, second) = (StopHandle::any(&sources), StopHandle::any(&sources));
        assert!(!first.is_stopped() || sources[0].is_stopped());
        first.stop();
        assert_eq!(second.is_stopped(), sources[0].is_stopped());
        source.stop();
        assert!(second.is_stopped() && StopHandle::any(&sources).is_stopped());
    }
    assert!(!StopHandle::any([]).is_stopped());
}

fn grace(stop: &StopHandle) -> Option<Duration> {
    stop.take_grace().map(|(_, grace)| grace)
}

#[test]
fn operations_are_stopped_after_the_feeds_or_with_them() {
    let stop = StopHandle::new();
    let early = stop.operations();
    stop.stop_within(Duration::from_secs(1));
    assert!(stop.is_stopped() && !early.is_stopped() && !stop.operations().is_stopped());
    stop.stop_within(Duration::from_secs(2));
    assert_eq!(grace(&stop), Some(Duration::from_secs(1)), "the first call counts");
    assert_eq!(grace(&stop), None, "it is counted once");
    stop.stop();
    assert!(early.is_stopped() && stop.operations().is_stopped());
    stop.stop_within(Duration::from_secs(3));
    assert_eq!(grace(&stop), None, "there is nothing left to stop");
}

#[test]
fn operations_of_a_combined_handle_have_the_grace_of_the_one_that_is_stopped() {
    for is_early in [true, false] {
        let (first, second) = (StopHandle::new(), StopHandle::new());
        let any = StopHandle::any([&first, &second]);
        let nested = StopHandle::any([&any]);
        let early = is_early.then(|| nested.operations());
        first.stop_within(Duration::from_secs(1));
        assert!(nested.is_stopped() && !nested.operations().is_stopped() && !second.is_stopped());
        let (stopped, grace) = nested.take_grace().expect("it has that of the first");
        assert_eq!(grace, Duration::from_secs(1));
        assert!(nested.take_grace().is_none() && first.take_grace().is_none(), "it is counted once");
        stopped.stop();
        assert!(nested.operations().is_stopped() && !second.operations().is_stopped());
        assert!(early.is_none_or(|operations| operations.is_stopped()));
    }
}

#[test]
fn dropped_combination_leaves_nothing_behind() {
    let stop = StopHandle::new();
    drop(StopHandle::any([&stop]));
    assert_eq!(stop.0.hooks.with(|hooks| hooks.by_id.len()), 0);
}

#[test]
fn first_signal_leaves_a_grace_and_the_second_none() {
    let stop = StopHandle::new();
    let (operations, handler) = (stop.operations(), stop.signal_handler(Duration::from_secs(1)));
    assert!(!stop.is_stopped(), "there was no signal");
    handler();
    assert!(stop.is_stopped() && !operations.is_stopped());
    assert_eq!(grace(&stop), Some(Duration::from_secs(1)));
    handler();
    assert!(operations.is_stopped());
}
