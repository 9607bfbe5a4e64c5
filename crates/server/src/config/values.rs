//! Single values: addresses, base URLs, networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context, bail, ensure};
use ipnet::IpNet;
use url::Url;

/// An address to listen on: `127.0.0.1:9400`, `[::]:9400`, `localhost:9400`, or `:9400` for all.
pub fn listen(text: &str) -> anyhow::Result<SocketAddr> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let any = Ipv6Addr::UNSPECIFIED.into();
    let (host, port): (IpAddr, &str) = match text.rsplit_once(':') {
        Some(("", port)) => (any, port),
        Some(("localhost", port)) => (Ipv4Addr::LOCALHOST.into(), port),
        _ => bail!(
            "`{text}` is not an address with a port, such as 127.0.0.1:9400, [::1]:9400 or :9400"
        ),
    };
    let port = port
        .parse()
        .with_context(|| format!("`{port}` is not a port"))?;
    Ok(SocketAddr::new(host, port))
}

/// A public base URL, without its trailing slashes.
pub fn base_url(text: Option<&str>) -> anyhow::Result<Option<Url>> {
    let Some(text) = text else {
        return Ok(None);
    };
    let mut url = Url::parse(text).with_context(|| {
        format!("`{text}` is not an absolute URL such as https://id.example.com")
    })?;
    ensure!(
        matches!(url.scheme(), "http" | "https") && url.has_host(),
        "`{text}` is neither an http nor an https URL"
    );
    ensure!(
        url.query().is_none() && url.fragment().is_none(),
        "`{text}` has a query or a fragment: a base URL cannot, paths are appended to it"
    );
    ensure!(
        url.username().is_empty() && url.password().is_none(),
        "a public URL cannot carry credentials"
    );
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(Some(url))
}

/// Networks in CIDR form; a bare address is a network of one.
pub fn networks(texts: &[String]) -> anyhow::Result<Vec<IpNet>> {
    texts
        .iter()
        .map(|text| {
            if let Ok(address) = text.parse::<IpAddr>() {
                return Ok(address.into());
            }
            let net: IpNet = text
                .parse()
                .with_context(|| format!("`{text}` is not a network such as 10.0.0.0/8"))?;
            Ok(net.trunc())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_short_forms() {
        for (text, expected) in [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]:80", "[::1]:80"),
            (":80", "[::]:80"),
            ("localhost:80", "127.0.0.1:80"),
        ] {
            assert_eq!(listen(text).unwrap().to_string(), expected);
        }
        for text in ["", "80", "127.0.0.1", "example.com:80", ":http", ":99999"] {
            assert!(listen(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_base_url_is_absolute_and_bare() {
        let url = |text| base_url(Some(text)).unwrap().unwrap().to_string();
        assert_eq!(url("https://a.example/b/"), "https://a.example/b");
        assert_eq!(url("http://localhost:9400"), "http://localhost:9400/");
        for text in [
            "a.example",
            "/path",
            "ftp://a.example",
            "https://a.example/?q=1",
            "https://a.example/#f",
            "https://u:p@a.example",
            "mailto:a@b",
        ] {
            assert!(base_url(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn networks_are_cut_to_their_prefix() {
        let texts = ["10.1.2.3/8", "192.0.2.1", "fd00::1/8"].map(str::to_owned);
        let nets: Vec<String> = networks(&texts)
            .unwrap()
            .iter()
            .map(IpNet::to_string)
            .collect();
        assert_eq!(nets, ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"]);
    }
}
