//! Checks of a response against those that the document has for its operation.

use http::{Response, StatusCode};
use serde_json::Value;

use super::{
    request,
    route::{ResponseSpec, Route},
    schema::Schemas,
};

pub(super) fn check(route: &Route, response: &Response<Vec<u8>>, schemas: &Schemas) -> Result<(), String> {
    let status = response.status();
    let wrong = |why: String| format!("the response {}: {why}", status.as_u16());
    let spec = documented(route, status).ok_or_else(|| wrong("the operation has none with this status".to_owned()))?;
    headers(spec, response, schemas).map_err(wrong)?;
    body(spec, response, schemas).map_err(wrong)
}

fn documented(route: &Route, status: StatusCode) -> Option<&ResponseSpec> {
    let (exact, class) = (status.as_str(), format!("{}XX", status.as_u16() / 100));
    let with = |name: &str| route.responses.iter().find(|response| response.status == name);
    with(exact).or_else(|| with(&class))
}

fn headers(spec: &ResponseSpec, response: &Response<Vec<u8>>, schemas: &Schemas) -> Result<(), String> {
    for header in &spec.headers {
        match response.headers().get(&header.name) {
            None if header.required => return Err(format!("the header `{}` is missing", header.name)),
            None => {}
            Some(value) => request::check_value(&String::from_utf8_lossy(value.as_bytes()), header, schemas)?,
        }
    }
    Ok(())
}

fn body(spec: &ResponseSpec, response: &Response<Vec<u8>>, schemas: &Schemas) -> Result<(), String> {
    if spec.contents.is_empty() {
        let bytes = response.body().len();
        return if bytes == 0 { Ok(()) } else { Err(format!("it has a body of {bytes} bytes where none is allowed")) };
    }
    let (content, json) = request::content(&spec.contents, response.headers(), response.body(), schemas)?;
    match json {
        Some(problem) if response.status().as_u16() >= 400 => {
            let code = problem["code"].as_str().unwrap_or_default();
            let codes = content.codes();
            if !codes.contains(code) {
                return Err(format!("the code `{code}` is not among {codes:?}"));
            }
            is_consistent(&problem, response.status())?;
            let titles = content.examples.iter().map(|example| &example["title"]);
            if titles.into_iter().any(|title| *title == problem["title"]) {
                return Ok(());
            }
            Err(format!("the problem is called {}", problem["title"]))
        }
        _ => Ok(()),
    }
}

/// Checks a problem for rules that a schema cannot express.
fn is_consistent(problem: &Value, status: StatusCode) -> Result<(), String> {
    let code = problem["code"].as_str().unwrap_or_default();
    if problem["status"] != status.as_u16() {
        return Err(format!("the problem says that the status is {}", problem["status"]));
    }
    if problem["type"] != "about:blank" {
        return Err(format!("the problem is a {}", problem["type"]));
    }
    if problem.get("invalid_members").is_some() != (code == "invalid_members") {
        return Err(format!("invalid members, with the code `{code}`"));
    }
    if problem.get("errors").is_some() && code != "invalid_request" {
        return Err(format!("places in the body, with the code `{code}`"));
    }
    Ok(())
}
