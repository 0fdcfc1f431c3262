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

/// The value of `Link` with which a browser fetches all modules and the first data at once, and not each module when
/// it has read the one that imports it.
pub(super) fn links() -> String {
    let modules = FILES.iter().filter(|file| file.media_type == SCRIPT);
    let modules = modules.map(|file| format!("</{}>; rel=modulepreload", file.path));
    let data = format!("<{}/world>; rel=preload; as=fetch; crossorigin", crate::control::api::PREFIX);
    modules.chain([data]).collect::<Vec<_>>().join(", ")
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A module of JavaScript.
const fn script(path: &'static str, bytes: &'static [u8]) -> PageFile {
    PageFile { path, media_type: SCRIPT, bytes }
}

const fn style(path: &'static str, bytes: &'static [u8]) -> PageFile {
    PageFile { path, media_type: "text/css; charset=utf-8", bytes }
}

static FILES: [PageFile; 15] = [
    PageFile { path: "", media_type: "text/html; charset=utf-8", bytes: include_bytes!("../../page/index.html") },
    PageFile { path: "icon.svg", media_type: "image/svg+xml", bytes: include_bytes!("../../page/icon.svg") },
    style("style.css", include_bytes!("../../page/style.css")),
    script("api.js", include_bytes!("../../page/api.js")),
    script("app.js", include_bytes!("../../page/app.js")),
    script("composer.js", include_bytes!("../../page/composer.js")),
    script("conversation.js", include_bytes!("../../page/conversation.js")),
    script("dialogs.js", include_bytes!("../../page/dialogs.js")),
    script("dom.js", include_bytes!("../../page/dom.js")),
    script("drawer.js", include_bytes!("../../page/drawer.js")),
    script("map.js", include_bytes!("../../page/map.js")),
    script("message.js", include_bytes!("../../page/message.js")),
    script("rail.js", include_bytes!("../../page/rail.js")),
    script("state.js", include_bytes!("../../page/state.js")),
    script("tabs.js", include_bytes!("../../page/tabs.js")),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The maximum size of all files together.
    const MAX_BYTES: usize = 121_500;

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
