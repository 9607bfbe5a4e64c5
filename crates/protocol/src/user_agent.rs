//! What a browser calls itself, for lists of sessions: enough for a person to tell a phone from an
//! office computer. Nothing is decided by it.

/// What can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserAgent<'a> {
    /// The browser's name.
    pub browser: &'static str,
    /// Its version, as it says.
    pub version: &'a str,
    /// The operating system.
    pub system: &'static str,
    /// `COMPUTER`, `MOBILE`, `TABLET` or `UNKNOWN`.
    pub device: &'static str,
}

/// Marks, the more telling first: every browser also says it is an older one.
const BROWSERS: [(&str, &str); 7] = [
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("curl/", "curl"),
];

const SYSTEMS: [(&str, &str, &str); 8] = [
    ("iPad", "iOS", "TABLET"),
    ("iPhone", "iOS", "MOBILE"),
    ("Android", "Android", "MOBILE"),
    ("Windows", "Windows", "COMPUTER"),
    ("Mac OS X", "Mac OS X", "COMPUTER"),
    ("CrOS", "Chrome OS", "COMPUTER"),
    ("Linux", "Linux", "COMPUTER"),
    ("X11", "Unix", "COMPUTER"),
];

/// Reads a `User-Agent`.
pub fn read(text: &str) -> UserAgent<'_> {
    let marked = BROWSERS.iter().find_map(|(mark, name)| {
        let (_, rest) = text.split_once(mark)?;
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        Some((*name, rest.get(..end.unwrap_or(rest.len()))?))
    });
    let (browser, version) = marked.unwrap_or(("Unknown", ""));
    let system = SYSTEMS.iter().find(|(mark, ..)| text.contains(mark));
    let (system, device) = system.map_or(("Unknown", "UNKNOWN"), |it| (it.1, it.2));
    let is_tablet = system == "Android" && !text.contains("Mobile");
    UserAgent {
        browser,
        version,
        system,
        device: if is_tablet { "TABLET" } else { device },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_browsers_are_told_apart() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like \
                    Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.3485.54";
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 \
                     (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1";
        let seen = |text| {
            let it = read(text);
            (it.browser, it.version, it.system, it.device)
        };
        assert_eq!(seen(firefox), ("Firefox", "140.0", "Linux", "COMPUTER"));
        assert_eq!(seen(edge), ("Edge", "140.0.3485.54", "Windows", "COMPUTER"));
        assert_eq!(seen(phone), ("Safari", "18.6", "iOS", "MOBILE"));
        assert_eq!(seen("é"), ("Unknown", "", "Unknown", "UNKNOWN"));
        assert_eq!(seen("Firefox/"), ("Firefox", "", "Unknown", "UNKNOWN"));
    }
}
