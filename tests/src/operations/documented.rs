//! The operations that there are to be, from `operations.tsv`.

/// All of them, by line. What is wrong with a line is a panic that shows it.
const TEXT: &str = include_str!("../../operations.tsv");

/// An operation as it is documented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Documented {
    /// `Chat` or `Chats`.
    pub class: &'static str,
    /// Its name in the Python SDK.
    pub name: &'static str,
    /// Whether it sends a request.
    pub nature: Nature,
    /// The kinds of errors it is known for, beside those of every request.
    pub errors: Vec<&'static str>,
}

/// What it takes to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Requests.
    Request,
    /// Nothing: the object knows.
    Local,
    /// It goes on until it is stopped.
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
