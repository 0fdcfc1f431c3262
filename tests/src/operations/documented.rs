//! The documented operations, from `operations.tsv`.

/// All of them, one in each line. An invalid line causes a panic that shows it.
const TEXT: &str = include_str!("../../operations.tsv");

/// A documented operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Documented {
    /// `Chat` or `Chats`.
    pub class: &'static str,
    /// Its name in the Python SDK.
    pub name: &'static str,
    /// Its nature.
    pub nature: Nature,
    /// Its kinds of errors, in addition to those of every request.
    pub errors: Vec<&'static str>,
}

/// The nature of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// It sends requests.
    Request,
    /// It returns values of the object, without a request.
    Local,
    /// It continues until it is stopped.
    Subscription,
}

/// Every operation of the Python SDK's chats.
pub fn documented() -> Vec<Documented> {
    TEXT.lines().filter(|line| !line.starts_with('#')).map(line).collect()
}

fn line(text: &'static str) -> Documented {
    let columns: Vec<&str> = text.split('\t').collect();
    let [class, name, nature, _, errors] = columns[..] else {
        panic!("a line of operations.tsv has 5 columns: {text}")
    };
    let nature = match nature.split(' ').next() {
        Some("request") => Nature::Request,
        Some("local") => Nature::Local,
        Some("subscription") => Nature::Subscription,
        _ => panic!("the nature of an operation is request, local or subscription: {text}"),
    };
    Documented { class, name, nature, errors: errors.split_whitespace().collect() }
}
