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
    /// Its kind.
    pub kind: OperationKind,
    /// Its kinds of errors, in addition to those of every request.
    pub errors: Vec<&'static str>,
}

/// The kind of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
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
    let [class, name, kind, _, errors] = columns[..] else { panic!("a line of operations.tsv has 5 columns: {text}") };
    let kind = match kind.split(' ').next() {
        Some("request") => OperationKind::Request,
        Some("local") => OperationKind::Local,
        Some("subscription") => OperationKind::Subscription,
        _ => panic!("the kind of an operation is request, local or subscription: {text}"),
    };
    Documented { class, name, kind, errors: errors.split_whitespace().collect() }
}
