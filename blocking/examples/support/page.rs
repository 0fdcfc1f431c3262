//! A page with content that changes.

/// Replaces the content every second, and fades it if the program has ended.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>TITLE</title>
<style>
  body { font: 1.2rem/1.5 system-ui, sans-serif; }
  .offline { opacity: .4; }
STYLE</style>
<main></main>
<script>
  const content = document.querySelector("main");
  async function update() {
    try {
      content.innerHTML = await (await fetch("PATH")).text();
      content.className = "";
    } catch {
      content.className = "offline";
    }
    setTimeout(update, 1000);
  }
  update();
</script>
</html>
"#;

/// Returns a page with this title and style. Its content is that of this path.
pub(crate) fn page(title: &str, style: &str, path: &str) -> String {
    PAGE.replace("TITLE", title).replace("STYLE", style).replace("PATH", path)
}

/// Returns text of users for a page.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
