//! The files of the page, which are part of the program.

use crate::world::contract::query::Segment;

/// A file of the page.
#[derive(Debug)]
pub(super) struct PageFile {
    /// The name, without slash; empty for the page itself.
    pub(super) path: &'static str,
    pub(super) media_type: &'static str,
    pub(super) bytes: &'static [u8],
}

/// Finds a file by its decoded path.
pub(super) fn find(path: &[Segment]) -> Option<&'static PageFile> {
    let [Some(name)] = path else { return None };
    FILES.iter().find(|file| file.path == name)
}

/// A module of JavaScript.
const fn script(path: &'static str, bytes: &'static [u8]) -> PageFile {
    PageFile { path, media_type: "text/javascript; charset=utf-8", bytes }
}

const fn style(path: &'static str, bytes: &'static [u8]) -> PageFile {
    PageFile { path, media_type: "text/css; charset=utf-8", bytes }
}

static FILES: [PageFile; 26] = [
    PageFile { path: "", media_type: "text/html; charset=utf-8", bytes: include_bytes!("../../page/index.html") },
    PageFile { path: "icon.svg", media_type: "image/svg+xml", bytes: include_bytes!("../../page/icon.svg") },
    style("style.css", include_bytes!("../../page/style.css")),
    style("cards.css", include_bytes!("../../page/cards.css")),
    script("alerts.js", include_bytes!("../../page/alerts.js")),
    script("api.js", include_bytes!("../../page/api.js")),
    script("app.js", include_bytes!("../../page/app.js")),
    script("cards.js", include_bytes!("../../page/cards.js")),
    script("composer.js", include_bytes!("../../page/composer.js")),
    script("conversation.js", include_bytes!("../../page/conversation.js")),
    script("dialogs.js", include_bytes!("../../page/dialogs.js")),
    script("dom.js", include_bytes!("../../page/dom.js")),
    script("drawer.js", include_bytes!("../../page/drawer.js")),
    script("face.js", include_bytes!("../../page/face.js")),
    script("faults.js", include_bytes!("../../page/faults.js")),
    script("find.js", include_bytes!("../../page/find.js")),
    script("first.js", include_bytes!("../../page/first.js")),
    script("icons.js", include_bytes!("../../page/icons.js")),
    script("keys.js", include_bytes!("../../page/keys.js")),
    script("map.js", include_bytes!("../../page/map.js")),
    script("message.js", include_bytes!("../../page/message.js")),
    script("organisation.js", include_bytes!("../../page/organisation.js")),
    script("rail.js", include_bytes!("../../page/rail.js")),
    script("requests.js", include_bytes!("../../page/requests.js")),
    script("state.js", include_bytes!("../../page/state.js")),
    script("stream.js", include_bytes!("../../page/stream.js")),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The maximum size of all files together.
    const MAX_BYTES: usize = 133_800;

    #[test]
    fn page_is_small_and_complete() {
        let size: usize = FILES.iter().map(|file| file.bytes.len()).sum();
        assert!(size < MAX_BYTES, "{size} bytes");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/page");
        let served = |name: &str| FILES.iter().any(|file| file.path == name.replace("index.html", ""));
        for entry in std::fs::read_dir(folder).expect("the folder exists") {
            let name = entry.expect("the folder can be read").file_name().to_string_lossy().into_owned();
            assert!(served(&name), "{name} is not served");
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let html = |file: &&PageFile| file.path.is_empty();
        let page = FILES.iter().find(html).map(|file| String::from_utf8_lossy(file.bytes)).expect("there is a page");
        for part in page.split("src=\"").chain(page.split("href=\"")).skip(1) {
            let target = part.split('"').next().unwrap_or_default();
            let is_ours = target.starts_with('#') || find(&[Some(target.trim_start_matches('/').to_owned())]).is_some();
            assert!(is_ours || target.starts_with('<'), "{target}");
        }
        for file in &FILES {
            let text = String::from_utf8_lossy(file.bytes);
            assert!(!text.contains("innerHTML") && !text.contains(" style=\""), "{} breaks the policy", file.path);
        }
    }
}
