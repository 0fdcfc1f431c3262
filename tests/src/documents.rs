//! The code in the documents of the repository, as documentation tests: all of it compiles, and what can run runs.

macro_rules! documents {
    ($($name:ident: $path:literal;)+) => {
        $(
            #[doc = include_str!(concat!("../../", $path))]
            struct $name;
        )+
    };
}

documents! {
    Readme: "README.md";
    Contributing: "CONTRIBUTING.md";
    Operations: "docs/operations.md";
    Performance: "docs/performance.md";
    Releasing: "docs/releasing.md";
    Upstream: "docs/upstream.md";
    Start: "docs/guide/start.md";
    Alerts: "docs/guide/alerts.md";
    Feeds: "docs/guide/feeds.md";
    Replicas: "docs/guide/replicas.md";
    Files: "docs/guide/files.md";
    Location: "docs/guide/location.md";
    Errors: "docs/guide/errors.md";
    Operating: "docs/guide/operating.md";
    Python: "docs/guide/python.md";
    Executor: "docs/guide/executor.md";
    Core: "core/README.md";
    Blocking: "blocking/README.md";
    AsyncStd: "async-std-adapter/README.md";
    Testing: "docs/guide/testing.md";
}

teamwire_test_macros::guide!("docs/guide/protocol.md", depot_protocol);
