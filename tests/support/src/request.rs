//! A request, as it arrived.

/// A request, or its head alone.
#[derive(Debug)]
pub struct Request {
    /// The head, up to and with the empty line.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
    /// Number of reads.
    pub reads: usize,
}

impl Request {
    /// The first line.
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// The value of this header, if there is one.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).first().copied()
    }

    /// All values of this header.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// The value of `Content-Length`.
    ///
    /// # Panics
    /// If it is not a number.
    pub fn length(&self) -> usize {
        self.header("content-length").map_or(0, |value| value.parse().expect("a length is a number"))
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("the body is text")
    }
}
