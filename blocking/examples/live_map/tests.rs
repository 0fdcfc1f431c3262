use teamwire_blocking::{
    Error, Script,
    script::v1::{expect, respond, sample},
    scripted,
};

use crate::{http::Request, map::Map, respond as serve};

fn page(map: &Map, line: &str) -> (u16, String) {
    let (status, _, body) = serve(map, &Request { line: line.to_owned(), body: Vec::new() });
    (status, body)
}

fn map_of(updates: impl IntoIterator<Item = teamwire_blocking::serde_json::Value>) -> Result<Map, Error> {
    let script = Script::new()
        .on(expect::subscribe_live_locations("c1"), [respond::subscription("s1", "k0")])
        .on(expect::live_location_updates("c1"), [respond::live_location_updates(updates, "k1")]);
    let map = Map::default();
    map.follow(&scripted(&script).chats().chat("c1"))?;
    script.assert_done();
    Ok(map)
}

#[test]
fn last_position_of_each_user_is_drawn() -> Result<(), Error> {
    let [mut ben, mut namesake] = [sample::location("c1", 48.2, 11.7), sample::location("c1", 48.15, 11.6)];
    ben["user"] = sample::user("u-ben", "Ben <3", "Okafor");
    namesake["user"] = sample::user("u-ben-2", "Ben <3", "Okafor");
    let anna = [sample::location("c1", 10.0, 10.0), sample::location("c1", 48.1, 11.5)];
    let map = map_of(anna.into_iter().chain([ben, namesake]))?;
    let (_, svg) = page(&map, "GET /map");
    // Margins of a twelfth; the north is at the top.
    assert!(svg.contains("<circle cx=\"83\" cy=\"917\""), "{svg}");
    assert!(svg.contains("<circle cx=\"917\" cy=\"83\""), "{svg}");
    assert_eq!(svg.matches("<circle").count(), 3, "{svg}");
    assert_eq!(svg.matches("Ben &lt;3 Okafor").count(), 2, "{svg}");
    Ok(())
}

#[test]
fn user_whose_share_has_ended_is_removed() -> Result<(), Error> {
    let mut last = sample::location("c1", 48.1, 11.5);
    last["ended"] = true.into();
    let map = map_of([sample::location("c1", 48.1, 11.5), last])?;
    assert!(!page(&map, "GET /map").1.contains("<circle"));
    assert_eq!((page(&map, "GET /").0, page(&map, "GET /favicon.ico").0), (200, 404));
    Ok(())
}
