//! Forms: `multipart/form-data`.

use super::connection::Request;

/// A field of a form.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    /// Name of the file; `None` for a text.
    pub(super) file_name: Option<String>,
    pub(super) media_type: Option<String>,
    pub(super) content: Vec<u8>,
}

/// Returns the fields of a form; `None` if the request has none.
pub(super) fn fields(request: &Request) -> Option<Vec<Field>> {
    let boundary = request.headers.get("content-type")?.strip_prefix("multipart/form-data; boundary=")?;
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter has no line break before it.
    let body = [b"\r\n", request.body.as_slice()].concat();
    let mut fields = Vec::new();
    let mut rest = &body[find(&body, delimiter.as_bytes())? + delimiter.len()..];
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = find(part, delimiter.as_bytes())?;
        fields.push(field(&part[..end])?);
        rest = &part[end + delimiter.len()..];
    }
    (rest == b"--\r\n").then_some(fields)
}

fn field(part: &[u8]) -> Option<Field> {
    let end = find(part, b"\r\n\r\n")?;
    let head = str::from_utf8(&part[..end]).ok()?;
    let mut field = Field { name: String::new(), file_name: None, media_type: None, content: part[end + 4..].to_vec() };
    for line in head.split("\r\n") {
        match line.split_once(": ")? {
            ("Content-Disposition", disposition) => {
                field.name = parameter(disposition, "name")?;
                field.file_name = parameter(disposition, "filename");
            }
            (_, media_type) => field.media_type = Some(media_type.to_owned()),
        }
    }
    Some(field)
}

fn parameter(disposition: &str, name: &str) -> Option<String> {
    let (_, rest) = disposition.split_once(&format!("; {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(value.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n"))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
