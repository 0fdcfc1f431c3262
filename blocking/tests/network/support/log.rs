use std::{cell::RefCell, sync::Once};

use log::{LevelFilter, Log, Metadata, Record};

thread_local! {
    static LINES: RefCell<Option<String>> = const { RefCell::new(None) };
}

struct Keep;

impl Log for Keep {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        LINES.with_borrow(Option::is_some)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        // Before the lines are borrowed: what it shows may ask what is enabled.
        let line = record.args().to_string();
        // `ureq_proto` logs bytes in rows of sixteen, whose last part is text, with dots for spaces: so put together.
        let row = line.len() == 57 && line.as_bytes().iter().skip(4).step_by(5).take(8).all(|byte| *byte == b' ');
        LINES.with_borrow_mut(|lines| {
            let lines = lines.get_or_insert_default();
            lines.push_str(if row { &line[41..] } else { "\n" });
            lines.push_str(if row { "" } else { &line });
        });
    }

    fn flush(&self) {}
}

/// All that this thread logs meanwhile, at every level.
pub(crate) fn logged(work: impl FnOnce()) -> String {
    static SET: Once = Once::new();
    SET.call_once(|| {
        log::set_logger(&Keep).expect("this is the only one");
        log::set_max_level(LevelFilter::Trace);
    });
    LINES.set(Some(String::new()));
    work();
    LINES.take().unwrap_or_default()
}
