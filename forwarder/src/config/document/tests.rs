use super::*;

const TOKEN: &str = "01234567-89ab-cdef-0123-456789abcdef";
const MINIMAL: &str = r#"{"destinations":{"default":{"type":"logentries","endpoint":"127.0.0.1:10000","tls":false,"token":"01234567-89ab-cdef-0123-456789abcdef"}}}"#;

fn refused(json: &str) -> String {
    let error = Config::from_json(json).unwrap_err().to_string();
    assert!(!error.contains(TOKEN), "the token is in: {error}");
    error
}

/// Two destinations, `a` by region and `b` by endpoint, and `rest` behind them.
fn two(rest: &str) -> String {
    format!(
        r#"{{"destinations":{{"a":{{"type":"logentries","region":"eu","token":"{TOKEN}"}},
           "b":{{"type":"logentries","endpoint":"h:1","token":"{TOKEN}"}}}}{rest}}}"#
    )
}

#[test]
fn the_minimal_form_works_and_is_written_as_it_was_read() {
    let config = Config::from_json(MINIMAL).unwrap();
    assert_eq!(config.default_destination(), Some("default"));
    assert_eq!(config.to_json(), MINIMAL);
    assert!(!format!("{config:?}").contains(TOKEN));
}

#[test]
fn defaults_are_not_written() {
    let json =
        format!(r#"{{"destinations":{{"le":{{"type":"logentries","region":"eu","token":"{TOKEN}"}}}}}}"#);
    let config = Config::from_json(&json).unwrap();
    assert_eq!(config.to_json(), json);
    assert_eq!(config.default_destination(), Some("le"), "the only one is the default");
    let Destination::Logentries(le) = &config.destinations["le"] else { panic!("{config:?}") };
    assert_eq!(le.address(), Ok(("eu.data.logs.insight.rapid7.com".into(), 443)));
}

#[test]
fn a_route_names_one_destination_or_several() {
    let json =
        two(r#","routes":[{"log_group":"x","destination":"b"},{"log_group":"y","destination":["b","a"]}]"#);
    let config = Config::from_json(&json).unwrap();
    let names: Vec<Vec<&str>> =
        config.routes.iter().map(|route| route.destination.names().collect()).collect();
    assert_eq!(names, [vec!["b"], vec!["b", "a"]]);
    assert_eq!(Config::from_json(&config.to_json()).unwrap(), config);
}

#[test]
fn the_default_is_named_or_called_default_or_the_only_one() {
    assert_eq!(Config::from_json(&two("")).unwrap().default_destination(), None);
    assert_eq!(Config::from_json(&two(r#","default":"b""#)).unwrap().default_destination(), Some("b"));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let one = |fields: &str| format!(r#"{{"destinations":{{"le":{{"type":"logentries",{fields}}}}}}}"#);
    let token = format!(r#""token":"{TOKEN}""#);
    let cases = [
        ("".to_owned(), "configuration: EOF"),
        ("{}".into(), "configuration: missing field `destinations`"),
        (r#"{"destinations":{}}"#.into(), "destinations: at least one"),
        (r#"{"destinations":{},"colour":1}"#.into(), "unknown field `colour`"),
        (format!("{MINIMAL} x"), "trailing characters"),
        (
            r#"{"destinations":{"x":{"type":"pigeon"}}}"#.into(),
            "unknown variant `pigeon`, expected one of `logentries`",
        ),
        (one(r#""region":"eu""#), "missing field `token`"),
        (one(r#""region":"eu","token":"abc""#), "a token is a UUID"),
        (one(&token), "give `endpoint` (HOST:PORT) or `region`"),
        (one(&format!(r#""region":"mars",{token}"#)), "unknown variant `mars`"),
        (one(&format!(r#""region":"eu","endpoint":"h:1",{token}"#)), "not both"),
        (one(&format!(r#""endpoint":"h",{token}"#)), "has no port"),
        (one(&format!(r#""endpoint":"h:0",{token}"#)), "has no port from 1 to 65535"),
        (one(&format!(r#""endpoint":"https://h:443",{token}"#)), "write no scheme"),
        (one(&format!(r#""endpoint":"[nonsense]:443",{token}"#)), "no IPv6 address"),
        (
            one(&format!(r#""endpoint":"h:1","tls":false,"ca_file":"x",{token}"#)),
            "`ca_file` has no effect without `tls`",
        ),
        (one(&format!(r#""endpoint":"h:1","tls":"{TOKEN}",{token}"#)), "destinations.le: expected a boolean"),
        (one(&format!(r#""endpoint":"h:1","{TOKEN}":1,{token}"#)), "unknown field `[redacted]`"),
        (
            format!(r#"{{"destinations":{{"a@b":{{"type":"logentries","region":"eu",{token}}}}}}}"#),
            "destinations.a@b: a destination's name",
        ),
        (two(r#","default":"c""#), "default: there is no destination `c`; there are: a, b"),
        (
            two(r#","routes":[{"log_group":"x","destination":"c"}]"#),
            "routes[0].destination: there is no destination `c`",
        ),
        (
            two(r#","routes":[{"log_group":"x","destination":["a","c"]}]"#),
            "routes[0].destination: there is no destination `c`",
        ),
        (two(r#","routes":[{"log_group":"x","destination":["a","a"]}]"#), "`a` stands here twice"),
        (
            two(r#","routes":[{"log_group":"x","destination":[]}]"#),
            "routes[0].destination: at least one destination is needed",
        ),
        (
            two(r#","routes":[{"log_group":"x","destination":7}]"#),
            "routes[0].destination: expected the name of a destination, or a list of names",
        ),
        (
            two(r#","routes":[{"log_group":"","destination":"a"}]"#),
            "routes[0].log_group: a pattern is needed",
        ),
        (
            two(r#","routes":[{"log_group":"x","destination":"a","shape":{"exclude":[{"message":"("}]}}]"#),
            "routes[0].shape.exclude[0].message: `(` is no valid expression: unclosed group",
        ),
        (
            two(r#","routes":[{"log_group":"x","destination":"a","shape":{"redact":[{"find":["name"]}]}}]"#),
            "routes[0].shape.redact[0].find[0]: unknown variant `name`",
        ),
        (
            two(
                r#","routes":[{"log_group":"x","destination":["a","b"],"shape":{"fields":{"set":{"k":"v"}}}}],
                "lines":{"a":{"format":"json"}}"#,
            ),
            "routes[0].shape.fields: lines of `b` show no labels",
        ),
        (
            two(
                r#","routes":[{"log_group":"x","destination":"a","shape":{"redact":[{"find":["card"],"as":"hash"}]}}]"#,
            ),
            "routes[0].shape.redact[0].as: this needs `hash_key`",
        ),
        (two(r#","hash_key":"secret""#), "hash_key: a key to hash with has 16 characters or more"),
        (two(r#","lines":{"c":{}}"#), "lines: there is no destination `c`"),
        (two(r#","lines":{"a":{"max_bytes":100}}"#), "lines.a: `max_bytes` is 1024 to 1048576, not 100"),
        (two(r#","lines":{"a":{"format":"xml"}}"#), "lines.a.format: unknown variant `xml`"),
        (two(r#","routes":[{"group":"x","destination":"a"}]"#), "routes[0].group: unknown field"),
    ];
    for (json, expected) in cases {
        let error = refused(&json);
        assert!(error.contains(expected), "{json}\n  gives: {error}\n  wants: {expected}");
    }
}

#[test]
fn lines_of_a_destination_can_be_shaped() {
    let config =
        Config::from_json(&two(r#","lines":{"a":{"format":"json"},"b":{"max_bytes":2000}}"#)).unwrap();
    assert_eq!(config.lines["a"], Lines { format: Some(Format::Json), max_bytes: None });
    let style = |name| config.style(name, &config.destinations[name]);
    assert_eq!(style("a"), Style { format: Format::Json, max_bytes: 32_767 });
    assert_eq!(style("b"), Style { format: Format::Message, max_bytes: 2000 });
    assert_eq!(Config::from_json(&config.to_json()).unwrap(), config);
}
