//! Downloads that resume after a cut, or start again where resuming would be wrong.

use teamwire_core::{ErrorKind, config::RetryPolicy, model::Asset};
use teamwire_sandbox::{Fault, Rule};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use crate::support::{ANY_ASSET, Folder, Ranges, bytes, noted, ranges, shown};

const LENGTH: usize = 300_000;
const CUT: u64 = 123_456;

/// A download that is cut once. The test sets the responses to the next requests.
struct Cut<H: Harness> {
    fixture: Fixture<H>,
    folder: Folder,
    asset: Asset,
    content: Vec<u8>,
    ranges: Ranges,
}

impl<H: Harness> Cut<H> {
    fn new() -> Self {
        let fixture = Fixture::<H>::new();
        let content = bytes(LENGTH);
        let asset = shown(&fixture, &content);
        let ranges = ranges(&fixture.sandbox);
        fixture.sandbox.faults().add(Rule::new(Fault::CutBody { after_bytes: CUT }).on("GET", ANY_ASSET));
        Self { fixture, folder: Folder::new(), asset, content, ranges }
    }

    fn then(self, fault: Fault) -> Self {
        self.fixture.sandbox.faults().add(Rule::new(fault).on("GET", ANY_ASSET));
        self
    }

    /// Downloads the file, and asserts its content. Returns the requested ranges.
    fn saved(&self, content: &[u8]) -> Vec<Option<String>> {
        self.fixture.ok(self.fixture.client.chats().download_to(&self.asset, self.folder.path("plan.pdf")));
        assert!(self.folder.content() == [("plan.pdf".to_owned(), content.to_vec())], "the file is another");
        noted(&self.ranges).into_iter().map(|range| range.map(|(range, _)| range)).collect()
    }
}

fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Fault {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let status = http::StatusCode::from_u16(status).expect("it is one");
    Fault::Response { status, headers, body: body.to_vec() }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside the requests that ask for no range")]
fn rest() -> Option<String> {
    Some(format!("bytes={CUT}-"))
}

#[executor_test(adapters)]
fn download_resumes_where_it_was_cut<H: Harness>() {
    let cut = Cut::<H>::new();
    assert_eq!(cut.saved(&cut.content), [None, rest()]);
    let (_, version) = noted(&cut.ranges)[1].clone().expect("a range was asked for");
    assert!(version.starts_with('"'), "{version}");
}

#[executor_test(adapters)]
fn download_with_headway_never_gives_up<H: Harness>() {
    let fixture = Fixture::<H>::configured(|config| {
        let moment = std::time::Duration::from_millis(1);
        config.with_retry(RetryPolicy {
            max_retries: 1,
            initial_backoff: moment,
            max_backoff: moment,
            ..RetryPolicy::default()
        })
    });
    let (content, folder) = (bytes(LENGTH), Folder::new());
    let asset = shown(&fixture, &content);
    let asked = ranges(&fixture.sandbox);
    fixture.sandbox.faults().add(Rule::new(Fault::CutBody { after_bytes: 25_000 }).on("GET", ANY_ASSET).times(11));
    fixture.ok(fixture.client.chats().download_to(&asset, folder.path("plan.pdf")));
    assert!(folder.content() == [("plan.pdf".to_owned(), content)], "the file is another");
    let from: Vec<_> =
        noted(&asked).into_iter().map(|range| range.map_or_else(String::new, |(range, _)| range)).collect();
    let expected = (0..12).map(|cut| if cut == 0 { String::new() } else { format!("bytes={}-", cut * 25_000) });
    assert_eq!(from, expected.collect::<Vec<_>>());
}

#[executor_test(adapters)]
fn file_that_changed_meanwhile_comes_from_its_beginning<H: Harness>() {
    let another = |length| {
        let mut other = bytes(length);
        other.reverse();
        (response(200, &[("etag", "\"another\""), ("content-type", "a/b")], &other), other)
    };
    let (fault, other) = another(LENGTH);
    assert_eq!(Cut::<H>::new().then(fault).saved(&other), [None, rest()]);
    // A file of another length is another file.
    for length in [10, LENGTH + 10] {
        let cut = Cut::<H>::new().then(another(length).0);
        let error = cut.fixture.err(cut.fixture.client.chats().download_to(&cut.asset, cut.folder.path("plan.pdf")));
        assert_eq!((error.kind(), cut.folder.content()), (ErrorKind::UnexpectedResponse, vec![]), "{error}");
    }
}

#[executor_test]
fn file_without_a_strong_version_comes_from_its_beginning<H: Harness>() {
    for version in ["", "etag: W/\"weak\"\r\n"] {
        let fixture = Fixture::<H>::new();
        let (content, folder) = (bytes(LENGTH), Folder::new());
        let asset = shown(&fixture, &content);
        let asked = ranges(&fixture.sandbox);
        let half = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n{version}\r\n{}", "x".repeat(500));
        fixture.sandbox.faults().add(Rule::new(Fault::raw(half)).on("GET", ANY_ASSET));
        fixture.ok(fixture.client.chats().download_to(&asset, folder.path("plan.pdf")));
        assert!(folder.content() == [("plan.pdf".to_owned(), content)], "the file is another");
        assert_eq!(noted(&asked), [None, None], "{version}");
    }
}

#[executor_test(adapters)]
fn download_restarts_if_the_server_lacks_the_range<H: Harness>() {
    let cut = Cut::<H>::new().then(response(416, &[("content-range", "bytes */10")], b""));
    assert_eq!(cut.saved(&cut.content), [None, rest(), None]);
}

#[executor_test]
fn rest_that_belongs_elsewhere_is_refused<H: Harness>() {
    // The first half has the version v1. The next response has one wrong property in each case.
    let (whole, content) = (bytes(LENGTH), usize::try_from(CUT).expect("it is small"));
    let last = LENGTH - 1;
    for (range, version, length) in [
        ("bytes 0-9/300000".to_owned(), "v1", 10),
        (format!("bytes {CUT}-123465/300000"), "v1", 10),
        (format!("bytes {CUT}-123465/*"), "v1", 10),
        ("nonsense".to_owned(), "v1", 10),
        // The range starts too early or too late.
        (format!("bytes {}-{last}/300000", CUT - 1), "v1", LENGTH - content + 1),
        (format!("bytes {}-{last}/300000", CUT + 1), "v1", LENGTH - content - 1),
        // The bytes are of another or an unknown version.
        (format!("bytes {CUT}-{last}/300000"), "v2", LENGTH - content),
        (format!("bytes {CUT}-{last}/300000"), "", LENGTH - content),
    ] {
        let fixture = Fixture::<H>::new();
        let (asset, folder) = (shown(&fixture, &whole), Folder::new());
        let head = format!("HTTP/1.1 200 OK\r\netag: \"v1\"\r\ncontent-length: {LENGTH}\r\n\r\n");
        let half = [head.as_bytes(), &whole[..content]].concat();
        let headers = [("content-range", range.as_str()), ("etag", &format!("\"{version}\""))];
        let headers = if version.is_empty() { &headers[..1] } else { &headers[..] };
        fixture.sandbox.faults().add(Rule::new(Fault::Raw(half)).on("GET", ANY_ASSET));
        fixture.sandbox.faults().add(Rule::new(response(206, headers, &whole[LENGTH - length..])).on("GET", ANY_ASSET));
        let error = fixture.err(fixture.client.chats().download_to(&asset, folder.path("plan.pdf")));
        let refused = (error.kind(), error.status());
        assert_eq!(refused, (ErrorKind::UnexpectedResponse, Some(206)), "{range} of {version:?}: {error}");
        assert_eq!(folder.content(), [], "{range} of {version:?}");
    }
}
