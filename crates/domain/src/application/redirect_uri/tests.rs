//! `threats.md` 1 and 2.

use proptest::prelude::*;

use super::*;

const HOME: &str = "https://app.example.com/callback";

#[test]
fn a_registered_uri_matches_itself_and_nothing_near_it() {
    assert!(matches(HOME, HOME, false));
    for other in [
        "https://app.example.com/callback/",
        "https://app.example.com/Callback",
        "HTTPS://app.example.com/callback",
        "https://APP.example.com/callback",
        "https://app.example.com:443/callback",
        "https://app.example.com./callback",
        "https://app.example.com/callback?",
        "https://app.example.com/callback#",
        "http://app.example.com/callback",
        "https://app.example.com/%63allback",
        "",
    ] {
        assert!(!matches(HOME, other, false), "{other}");
    }
}

#[test]
fn a_loopback_uri_without_a_port_takes_any_port() {
    for host in ["127.0.0.1", "127.0.0.2", "localhost", "[::1]"] {
        let registered = format!("http://{host}/cb");
        assert!(matches(&registered, &format!("http://{host}/cb"), false));
        assert!(matches(&registered, &format!("http://{host}:1/cb"), false));
        assert!(matches(
            &registered,
            &format!("http://{host}:65535/cb"),
            false
        ));
        for bad in [
            format!("http://{host}:/cb"),
            format!("http://{host}:0/cb"),
            format!("http://{host}:080/cb"),
            format!("http://{host}:65536/cb"),
            format!("http://{host}:80@evil.example/cb"),
            format!("http://{host}:80.evil.example/cb"),
            format!("http://{host}:80/cb/"),
            format!("http://{host}:80/x/cb"),
            format!("https://{host}:80/cb"),
            format!("http://{host}.evil.example/cb"),
        ] {
            assert!(!matches(&registered, &bad, false), "{bad}");
        }
    }
    assert!(!matches(
        "http://localhost/cb",
        "http://127.0.0.1:80/cb",
        false
    ));
    assert!(!matches(
        "http://127.0.0.1:80/cb",
        "http://127.0.0.1:81/cb",
        false
    ));
    for other in [
        "128.0.0.1",
        "127.1",
        "0x7f.0.0.1",
        "127.0.0.01",
        "localhost.",
    ] {
        let (registered, with_port) = (
            format!("http://{other}/cb"),
            format!("http://{other}:81/cb"),
        );
        assert!(!matches(&registered, &with_port, false), "{other}");
        assert!(check_registration(&registered, false).is_err(), "{other}");
    }
}

#[test]
fn a_loopback_uri_with_a_wildcard_takes_any_port_as_well() {
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let registered = format!("http://{host}/*/cb");
        for good in ["", ":1", ":5000", ":65535"] {
            let presented = format!("http://{host}{good}/x/cb");
            assert!(matches(&registered, &presented, true), "{presented}");
            assert!(!matches(&registered, &presented, false), "{presented}");
        }
        for bad in [
            format!("http://{host}:0/x/cb"),
            format!("http://{host}:80@evil.example/x/cb"),
            format!("http://{host}:80.evil.example/x/cb"),
            format!("http://{host}:80/../cb"),
            format!("http://{host}:80/x/y/cb"),
            format!("http://{host}:80/x/cb/"),
            format!("https://{host}:80/x/cb"),
        ] {
            assert!(!matches(&registered, &bad, true), "{bad}");
        }
        let registered = format!("http://{host}:80/*/cb");
        assert!(!matches(
            &registered,
            &format!("http://{host}:81/x/cb"),
            true
        ));
    }
}

#[test]
fn a_wildcard_stays_within_its_segment() {
    let registered = "https://www.example.com/th*/callback";
    assert!(matches(
        registered,
        "https://www.example.com/this/callback",
        true
    ));
    assert!(matches(
        registered,
        "https://www.example.com/that/callback",
        true
    ));
    for bad in [
        "https://www.example.com/oidc/callback",
        "https://www.example.com/th/callback",
        "https://www.example.com/this/that/callback",
        "https://www.example.com/th%2e/callback",
        "https://www.example.com/th?/callback",
        "https://www.example.com/th;/callback",
        registered,
    ] {
        assert!(!matches(registered, bad, true), "{bad}");
    }
    assert!(!matches(
        registered,
        "https://www.example.com/this/callback",
        false
    ));
    let segment = "https://www.example.com/a/*/callback";
    assert!(!matches(
        segment,
        "https://www.example.com/a/../callback",
        true
    ));
    for host in [
        "https://*.example.com/cb",
        "https://example.com*",
        "*://a/b",
    ] {
        assert!(!matches(host, "https://x.example.com/cb", true));
        assert!(check_registration(host, true).is_err());
    }
}

#[test]
fn only_clean_uris_can_be_registered() {
    for good in [
        HOME,
        "https://app.example.com",
        "https://app.example.com:8443/cb?x=1&y=%20",
        "http://localhost:3000/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:8080/cb",
        "com.myapp.app://callback",
        "com.example.app:/callback",
        "https://xn--bcher-kva.example/cb",
    ] {
        assert_eq!(check_registration(good, false), Ok(()), "{good}");
    }
    for (bad, why) in [
        ("https://a.example/*", NotRegistrable::Wildcard),
        ("https://a.example/#", NotRegistrable::Fragment),
        ("https://u@a.example/", NotRegistrable::UserInfo),
        ("https://u:p@a.example/", NotRegistrable::UserInfo),
        ("http://a.example/", NotRegistrable::Scheme),
        ("http://localhost.evil.example/", NotRegistrable::Scheme),
        ("http://127.0.0.1.evil.example/", NotRegistrable::Scheme),
        ("javascript:alert(1)", NotRegistrable::Scheme),
        ("JavaScript:alert(1)", NotRegistrable::Scheme),
        ("javascript://a.example/", NotRegistrable::Scheme),
        ("data:text/html,x", NotRegistrable::Scheme),
        ("//a.example/", NotRegistrable::Scheme),
        ("/callback", NotRegistrable::Scheme),
        ("https://", NotRegistrable::Host),
        ("https:///cb", NotRegistrable::Host),
        ("https://A.example/", NotRegistrable::Host),
        ("https://a.example./", NotRegistrable::Host),
        ("https://a.example:/", NotRegistrable::Host),
        ("https://0x7f.1/", NotRegistrable::Host),
        ("https://a.example/..;/b", NotRegistrable::DotSegments),
        ("https://a.example/%2E%2e/b", NotRegistrable::DotSegments),
        ("https://a.example/a b", NotRegistrable::Characters),
        ("https://a.example\\b", NotRegistrable::Characters),
        ("https://a.example/%zz", NotRegistrable::Characters),
        ("https://bücher.example/", NotRegistrable::Characters),
    ] {
        assert_eq!(check_registration(bad, false), Err(why), "{bad}");
    }
}

/// Every way known to us of making a URI look like another, around a registered one.
fn hostile() -> Vec<String> {
    let hosts = [
        "app.example.com@evil.example",
        "app.example.com:443@evil.example",
        "evil.example@app.example.com",
        "a@b@app.example.com",
        "app.example.com.evil.example",
        "evilapp.example.com",
        "app.example.com.",
        "app.example.com:",
        "app.example.com:443",
        "app.example.com:80",
        "APP.EXAMPLE.COM",
        "app.example.com%00.evil.example",
        "app.example.com%2fevil.example",
        "app.example.com\\.evil.example",
        "app.example.com\\@evil.example",
        "evil.example\\app.example.com",
        "app。example。com",
        "аpp.example.com",
        "app\t.example.com",
        "app\n.example.com",
        "[::1%25lo]",
        "127.1",
        "2130706433",
        "",
    ];
    let tails = [
        "/callback",
        "/callback/",
        "//callback",
        "/callback/..",
        "/x/../callback",
        "/x/..;/callback",
        "/x/%2e%2e/callback",
        "/callback;x",
        "/callback%20",
        "/callback ",
        "/callback\t",
        "/callback\0",
        "/%63allback",
        "/callback%2f..",
        "\\callback",
        "/callback?x",
        "/callback?",
        "/callback#",
        "/callback#x",
        "/CALLBACK",
    ];
    let schemes = ["https://", "http://", "HTTPS://", "https:/", "https:", "//"];
    let mut all = Vec::new();
    for scheme in schemes {
        for host in hosts.iter().chain(&["app.example.com"]) {
            for tail in tails {
                all.push(format!("{scheme}{host}{tail}"));
            }
        }
    }
    all.retain(|uri| uri != HOME);
    all
}

/// The host as RFC 3986 sees it: the components of its appendix B, the authority of 3.2. Knows
/// nothing of the backslashes, tabs and defaults that browsers know.
fn rfc_3986_host(uri: &str) -> Option<String> {
    let (_, rest) = uri.split_once(':')?;
    let rest = rest.strip_prefix("//")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(literal) => format!("[{}]", literal.split_once(']')?.0),
        None => host
            .split_once(':')
            .map_or(host, |(host, _)| host)
            .to_owned(),
    };
    Some(host.to_ascii_lowercase())
}

#[test]
fn threat_1_the_hostile_corpus_is_refused() {
    let corpus = hostile();
    assert!(corpus.len() > 500);
    let wild = "https://app.example.com/call*";
    for uri in &corpus {
        assert!(!matches(HOME, uri, false), "{uri:?}");
        if matches(wild, uri, true) {
            // Whatever a pattern lets through goes to the same host in a browser.
            let parsed = url::Url::parse(uri).unwrap();
            assert_eq!(parsed.host_str(), Some("app.example.com"), "{uri:?}");
            assert_eq!(parsed.scheme(), "https");
            assert_eq!(rfc_3986_host(uri).as_deref(), Some("app.example.com"));
        }
    }
}

proptest! {
    #[test]
    fn threat_2_one_changed_byte_is_refused(at in 0..HOME.len(), byte in 0x20u8..0x7f) {
        let mut bytes = HOME.as_bytes().to_vec();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assert!(!matches(HOME, &changed, false));
        prop_assert!(!matches(HOME, &changed, true));
    }

    #[test]
    fn one_more_or_fewer_byte_is_refused(at in 0..HOME.len(), byte in 0x20u8..0x7f) {
        let mut longer = HOME.to_owned();
        longer.insert(at, char::from(byte));
        prop_assert!(!matches(HOME, &longer, false));
        let mut shorter = HOME.to_owned();
        shorter.remove(at);
        prop_assert!(!matches(HOME, &shorter, false));
    }

    #[test]
    fn threat_1_every_parser_sees_the_registered_host_in_what_is_accepted(
        registered in prop::sample::select(vec![
            "http://localhost/cb", "http://127.0.0.1/cb", "http://[::1]/cb?x=1",
            "https://a.example/*", "https://a.example/x*y/z", "https://a.example/?q=*",
        ]),
        noise in "[-a-z0-9.:@/\\\\%;?#*]{0,12}",
        at in 0usize..24,
    ) {
        let mut uri = registered.replace('*', "");
        let at = at.min(uri.len());
        uri.insert_str(at, &noise);
        if matches(registered, &uri, true) {
            let presented = url::Url::parse(&uri).unwrap();
            let expected = url::Url::parse(&registered.replace('*', "x")).unwrap();
            prop_assert_eq!(presented.host_str(), expected.host_str());
            prop_assert_eq!(presented.scheme(), expected.scheme());
            prop_assert_eq!(presented.username(), "");
            let host = rfc_3986_host(&uri);
            prop_assert_eq!(host, presented.host_str().map(str::to_owned));
        }
    }

    #[test]
    fn registration_never_panics(uri in ".{0,60}") {
        let _ = check_registration(&uri, true);
        let _ = matches(&uri, &uri, true);
    }
}
