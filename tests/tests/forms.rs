//! Forms (`multipart/form-data`): whatever the names and values are, a parser reads the same fields. The parser of this
//! test follows RFC 2046 and RFC 7578, and shares no code with the core.

use proptest::{collection::vec, prelude::*};
use teamwire_core::{
    Client, Config, Credentials, Script,
    effect::{Body, FileError, FileErrorKind, Form, Part, PartContent, Progress, TransportErrorKind},
    executor::Session,
    machine::Reply,
    script::{Expect, Respond},
};
use teamwire_test_support::attempt;
use teamwire_tests::cases;

const UNIQUE: &str = "dBcTcbU0Hk8xvQy6";

/// A field as a server reads it.
#[derive(Clone, Debug, PartialEq)]
struct Field {
    name: String,
    /// Its name and media type, of a file.
    file: Option<(String, String)>,
    value: Vec<u8>,
}

impl Field {
    fn text(name: &str, value: &str) -> Self {
        Self { name: name.into(), file: None, value: value.into() }
    }

    fn file(name: &str, file_name: &str, value: &[u8]) -> Self {
        Self { name: name.into(), file: Some((file_name.into(), "image/png".into())), value: value.into() }
    }
}

/// Creates a form of these fields. The files are in memory.
fn form(fields: &[Field]) -> Form {
    fields.iter().fold(Form::new(), |form, field| match &field.file {
        None => form.text(&field.name, String::from_utf8(field.value.clone()).expect("it is text")),
        Some((file_name, media_type)) => form
            .file(&field.name, file_name, media_type, Part::bytes(field.value.clone()))
            .expect("the media type is valid"),
    })
}

/// Returns the bytes of a body in memory.
fn bytes(body: &Body) -> Vec<u8> {
    let content = |part: &Part| match &part.content {
        PartContent::Bytes(bytes) => bytes.to_vec(),
        PartContent::File { .. } => panic!("it is in memory"),
    };
    body.parts().iter().flat_map(content).collect()
}

/// Parses a body. Fails on anything that is not exactly a sequence of fields.
fn parse(content_type: &str, body: &[u8]) -> Result<Vec<Field>, String> {
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").ok_or("another media type")?;
    let is_allowed = |char: char| char.is_ascii_alphanumeric() || "'+_-.".contains(char);
    if !(1..=70).contains(&boundary.len()) || !boundary.chars().all(is_allowed) {
        return Err(format!("{boundary:?} needs quotes, or is too long"));
    }
    // The line break before a delimiter belongs to it. The first one has none.
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(&delimiter.as_bytes()[2..]).ok_or("it does not begin with a delimiter")?;
    let mut fields = Vec::new();
    loop {
        if rest == b"--\r\n" {
            return Ok(fields);
        }
        rest = rest.strip_prefix(b"\r\n").ok_or("more behind a delimiter")?;
        let length = find(rest, delimiter.as_bytes()).ok_or("no delimiter behind a field")?;
        fields.push(parse_field(&rest[..length])?);
        rest = &rest[length + delimiter.len()..];
    }
}

fn parse_field(field: &[u8]) -> Result<Field, String> {
    let end = find(field, b"\r\n\r\n").ok_or("no end of the header")?;
    let header = std::str::from_utf8(&field[..end]).map_err(|_| "the header is not UTF-8")?;
    let mut lines = header.split("\r\n");
    let disposition = lines.next().and_then(|line| line.strip_prefix("Content-Disposition: form-data; "));
    let parameters = disposition.ok_or("no disposition")?.strip_prefix("name=").ok_or("no name")?;
    let (name, rest) = quoted(parameters)?;
    let file = match (rest.strip_prefix("; filename="), lines.next()) {
        (None, None) if rest.is_empty() => None,
        (Some(file_name), Some(line)) => {
            let (file_name, rest) = quoted(file_name)?;
            let media_type = line.strip_prefix("Content-Type: ").filter(|_| rest.is_empty());
            Some((file_name, media_type.ok_or("no media type")?.to_owned()))
        }
        other => return Err(format!("{other:?}")),
    };
    if let Some(line) = lines.next() {
        return Err(format!("one more header field: {line:?}"));
    }
    Ok(Field { name, file, value: field[end + 4..].to_vec() })
}

/// Returns a quoted text, and what follows it. A text with a line break is not one header field.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let (quoted, rest) = text.strip_prefix('"').and_then(|text| text.split_once('"')).ok_or("no quoted text")?;
    if quoted.contains(['\r', '\n']) {
        return Err("a line break".into());
    }
    Ok((quoted.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n"), rest))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Texts with all that could end a name, a header or a field. A `%` is left out of names: it is not escaped.
fn hostile_text() -> impl Strategy<Value = String> {
    let delimiter = format!("--teamwire-{UNIQUE}");
    let piece = prop_oneof![
        Just("\"".to_owned()),
        Just("\r\n".to_owned()),
        Just("\r".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n\r\n".to_owned()),
        Just("; filename=\"x\"".to_owned()),
        Just("Content-Type: text/html".to_owned()),
        Just(delimiter.clone()),
        Just(format!("\r\n{delimiter}\r\n")),
        Just(format!("\r\n{delimiter}--\r\n")),
        Just(format!("\r\n{delimiter}-0\r\n")),
        Just("\\".to_owned()),
        any::<String>().prop_map(|text| text.replace('%', "")),
    ];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn any_field() -> impl Strategy<Value = Field> {
    let value = prop_oneof![hostile_text().prop_map(String::into_bytes), vec(any::<u8>(), 0..9_000)];
    prop_oneof![
        (hostile_text(), hostile_text()).prop_map(|(name, text)| Field::text(&name, &text)),
        (hostile_text(), hostile_text(), value)
            .prop_map(|(name, file_name, value)| { Field::file(&name, &file_name, &value) }),
    ]
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn any_form_is_read_as_it_was_written(fields in vec(any_field(), 0..5)) {
        let (content_type, body) = form(&fields).encode(UNIQUE);
        let content = bytes(&body);
        prop_assert_eq!(body.length(), content.len() as u64);
        let parsed = parse(content_type.to_str().expect("it is ASCII"), &content);
        prop_assert_eq!(parsed, Ok(fields));
    }

    #[test]
    fn any_text_makes_a_valid_boundary(unique in any::<String>()) {
        let (content_type, body) = Form::new().text("a", "b").encode(&unique);
        let parsed = parse(content_type.to_str().expect("it is ASCII"), &bytes(&body));
        prop_assert_eq!(parsed, Ok(vec![Field::text("a", "b")]));
    }
}

#[test]
fn form_has_the_bytes_that_browsers_send() {
    let form = Form::new().text("na\"me\r\n", "50 % \"off\"\n");
    let form = form.file("f", "pl\u{e4}n.pdf", "application/pdf", Part::bytes(b"%PDF".to_vec())).expect("it is valid");
    let (content_type, body) = form.encode("x y-1");
    assert_eq!(content_type, "multipart/form-data; boundary=teamwire-xy-1");
    assert_eq!(
        String::from_utf8(bytes(&body)).expect("it is text"),
        "--teamwire-xy-1\r\nContent-Disposition: form-data; name=\"na%22me%0D%0A\"\r\n\r\n50 % \"off\"\n\r\n\
         --teamwire-xy-1\r\nContent-Disposition: form-data; name=\"f\"; filename=\"pl\u{e4}n.pdf\"\r\n\
         Content-Type: application/pdf\r\n\r\n%PDF\r\n--teamwire-xy-1--\r\n"
    );
}

#[test]
fn invalid_media_type_is_rejected_by_name() {
    for invalid in ["", "png", "image/png\r\nX: y", "image/\u{e4}"] {
        let error = Form::new().file("f", "f", invalid, Part::bytes(Vec::new())).expect_err("it is invalid");
        assert!(error.to_string().contains("media type"), "{invalid:?}: {error}");
    }
}

#[test]
fn files_stay_files_and_keep_their_observers() {
    let file = Part::file("/srv/plan.pdf", 1 << 40).with_progress(Progress::new(|_| {}));
    let large = Part::bytes(vec![b'x'; 1 << 20]);
    let form = Form::new().text("a", "b").text("c", "d");
    let form = form.file("e", "e", "image/png", file.clone()).expect("it is valid");
    let form = form.file("f", "f", "image/png", large.clone()).expect("it is valid").text("g", "h");
    let (_, body) = form.encode(UNIQUE);
    let [_, first, _, second, _] = body.parts() else { panic!("{body:?}") };
    assert_eq!((first, second), (&file, &large));
    assert!(body.length() > (1 << 40) + (1 << 20));
}

fn config() -> Config {
    Config::new("https://teamwire.example", Credentials::new("id", "a secret").expect("they are valid")).expect("a URL")
}

#[test]
fn boundary_depends_on_the_entropy_and_differs_each_time() {
    let boundaries = |entropy| {
        let session = Session::new(config(), [entropy; 32]);
        [session.boundary(), session.boundary()]
    };
    let [first, second] = boundaries(7);
    assert_eq!(boundaries(7), [first.clone(), second.clone()], "not the same with the same entropy");
    assert_ne!(first, second);
    assert!(!boundaries(8).contains(&first), "the entropy does not matter");
    let encoded = |unique: &str| Form::new().encode(unique).0;
    assert_ne!(encoded(&first), encoded(&second), "what differs is cut off");
}

#[test]
fn script_records_a_form_with_a_file() {
    let file = |path: &str, length| Part::file(path, length);
    let ask = |part: Part| {
        let script = Script::new()
            .with_file("/srv/plan.png", "a plan")
            .always(Expect::post("/v1/me"), Respond::json(200, "{}".parse().expect("it is JSON")));
        let form = Form::new().text("caption", "The plan").file("file", "plan.png", "image/png", part);
        let (content_type, body) = form.expect("it is valid").encode(UNIQUE);
        let reply = attempt(&Client::new(script.clone()), |exchange| {
            *exchange.request.method_mut() = http::Method::POST;
            exchange.request.headers_mut().insert("content-type", content_type.clone());
            *exchange.request.body_mut() = body;
        });
        (reply.expect("the machine of an attempt has no errors"), content_type, script)
    };
    let (reply, content_type, script) = ask(file("/srv/plan.png", 6));
    assert!(matches!(reply, Reply::Response(_)), "{reply:?}");
    let [request] = &script.requests()[..] else { panic!("one request is recorded") };
    let fields = parse(content_type.to_str().expect("it is ASCII"), request.request.body());
    assert_eq!(fields, Ok(vec![Field::text("caption", "The plan"), Field::file("file", "plan.png", b"a plan")]));

    for (part, kind) in [
        (file("/srv/plan.png", 5), FileErrorKind::Changed),
        (file("/srv/plan.png", 7), FileErrorKind::Changed),
        (file("/srv/none", 6), FileErrorKind::NotFound),
    ] {
        let (Reply::Error(error), _, script) = ask(part) else { panic!("the file cannot be sent") };
        assert_eq!(error.kind, TransportErrorKind::File);
        assert_eq!(error.source.downcast_ref().map(|error: &FileError| error.kind), Some(kind));
        assert!(script.requests().is_empty());
    }
}
