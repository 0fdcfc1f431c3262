use std::{collections::BTreeMap, env, fs, process};

use teamwire_core::claim::StoreErrorKind;

use super::*;

fn from(vars: &[(&str, &str)]) -> Result<Settings, StoreError> {
    let vars: BTreeMap<_, _> = vars.iter().copied().collect();
    Settings::from_vars(|name| vars.get(name).map(OsString::from))
}

#[test]
fn variables_hold_the_url_or_the_path_of_its_file() {
    let url = "redis://bots:p%40ss@redis.example.com:7000/3";
    let file = env::temp_dir().join(format!("teamwire-redis-url-{}", process::id()));
    fs::write(&file, format!("{url}\n")).expect("the folder is writable");
    let path = file.to_str().expect("it is Unicode");
    for vars in [[(URL_VAR, url), (URL_FILE_VAR, "")], [(URL_VAR, ""), (URL_FILE_VAR, path)]] {
        let settings = from(&vars).expect("it is valid");
        assert_eq!(settings.name(), "redis.example.com:7000");
        assert_eq!(settings.login(), Some((Some("bots"), "p@ss")));
        assert_eq!(settings.database(), 3);
        let info = settings.connection_info();
        assert_eq!(info.redis_settings().password(), None, "the login is performed by a command");
    }
    fs::remove_file(file).expect("it is ours");
}

#[test]
fn errors_name_the_variable_and_not_its_content() {
    let missing = env::temp_dir().join("hunter-2-is-missing");
    let missing = missing.to_str().expect("it is Unicode");
    let url = "rediss://localhost";
    for (vars, name) in [
        (vec![], URL_VAR),
        (vec![(URL_VAR, "hunter:hunter")], URL_VAR),
        (vec![(URL_VAR, "redis://:hunter@")], URL_VAR),
        (vec![(URL_FILE_VAR, missing)], URL_FILE_VAR),
        (vec![(URL_VAR, url), (URL_FILE_VAR, missing)], URL_FILE_VAR),
        (vec![(URL_VAR, url), (CA_FILE_VAR, missing)], CA_FILE_VAR),
        (
            vec![(URL_VAR, "redis://localhost"), (CA_FILE_VAR, concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))],
            CA_FILE_VAR,
        ),
        (vec![(URL_VAR, url), (CA_FILE_VAR, concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))], CA_FILE_VAR),
    ] {
        let Err(error) = from(&vars) else { panic!("{vars:?} is valid") };
        assert_eq!(error.kind, StoreErrorKind::Unusable, "{error}");
        assert!(error.message.starts_with(name), "{error}");
        assert!(!error.message.contains("hunter:") && !error.message.contains(":hunter"), "{error}");
    }
}
