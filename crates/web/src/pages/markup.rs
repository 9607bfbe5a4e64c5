//! Text that an administrator wrote as HTML, made harmless: written anew from a short list of
//! elements without attributes, and text. Every `<` in the result is one of ours, whatever a browser
//! would have made of the original, and every element that is opened is closed.

/// Elements that are kept.
const KEPT: &[&str] = &[
    "p",
    "br",
    "hr",
    "b",
    "strong",
    "i",
    "em",
    "u",
    "s",
    "small",
    "sub",
    "sup",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "pre",
    "code",
    "table",
    "caption",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "th",
    "td",
    "a",
];
/// Those of them that have no content.
const EMPTY: &[&str] = &["br", "hr"];
/// Elements that go with everything in them.
const DROPPED: &[&str] = &[
    "script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title", "head",
    "textarea", "select",
];

/// The same text with nothing in it that acts or looks like the page around it.
pub(super) fn clean(html: &str) -> String {
    let mut cleaned = Cleaned::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        cleaned.text(text);
        rest = match Tag::read(tag) {
            Some((tag, after)) => cleaned.tag(&tag, after),
            None if tag.starts_with("<!--") => tag.split_once("-->").map_or("", |(_, it)| it),
            None if tag.starts_with("<!") || tag.starts_with("<?") => {
                tag.split_once('>').map_or("", |(_, it)| it)
            }
            None => {
                cleaned.text("<");
                tag.get(1..).unwrap_or_default()
            }
        };
    }
    cleaned.text(rest);
    cleaned.finish()
}

struct Tag<'a> {
    name: String,
    closes: bool,
    attributes: &'a str,
}

impl<'a> Tag<'a> {
    /// The tag at the start, and what follows it.
    fn read(text: &'a str) -> Option<(Self, &'a str)> {
        let inner = text.strip_prefix('<')?;
        let (closes, inner) = match inner.strip_prefix('/') {
            Some(inner) => (true, inner),
            None => (false, inner),
        };
        if !inner.starts_with(|it: char| it.is_ascii_alphabetic()) {
            return None;
        }
        let length = inner
            .find(|it: char| it.is_ascii_whitespace() || it == '/' || it == '>')
            .unwrap_or(inner.len());
        let (name, after) = inner.split_at(length);
        let end = end_of_tag(after);
        let (attributes, after) = after.split_at_checked(end)?;
        let tag = Self {
            name: name.to_ascii_lowercase(),
            closes,
            attributes,
        };
        Some((tag, after.strip_prefix('>').unwrap_or_default()))
    }

    /// An address to go to: https and nothing else.
    fn link(&self) -> Option<String> {
        let at = self.attributes.to_ascii_lowercase().find("href=")?;
        let value = self.attributes.get(at + 5..)?;
        let value = match value.chars().next()? {
            quote @ ('"' | '\'') => value.get(1..)?.split(quote).next()?,
            _ => value.split_ascii_whitespace().next()?,
        };
        let url: url::Url = value.replace("&amp;", "&").parse().ok()?;
        (url.scheme() == "https").then(|| url.to_string())
    }
}

/// Where a tag ends: the first `>` that is in no quotes.
fn end_of_tag(text: &str) -> usize {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), it) if open == it => quote = None,
            _ => {}
        }
    }
    text.len()
}

#[derive(Default)]
struct Cleaned {
    written: String,
    open: Vec<String>,
}

impl Cleaned {
    fn text(&mut self, text: &str) {
        for (at, character) in text.char_indices() {
            match character {
                '<' => self.written.push_str("&lt;"),
                '>' => self.written.push_str("&gt;"),
                '"' => self.written.push_str("&quot;"),
                '&' if is_reference(text.get(at + 1..).unwrap_or_default()) => {
                    self.written.push('&');
                }
                '&' => self.written.push_str("&amp;"),
                other => self.written.push(other),
            }
        }
    }

    /// Writes a tag if it is one of ours; what follows it, or what follows the element.
    fn tag<'a>(&mut self, tag: &Tag<'_>, after: &'a str) -> &'a str {
        let name = tag.name.as_str();
        if DROPPED.contains(&name) && !tag.closes {
            return after_element(name, after);
        }
        // The page has a heading of the first order already.
        let name = if name == "h1" { "h2" } else { name };
        if !KEPT.contains(&name) {
            return after;
        }
        if tag.closes {
            self.close(name);
        } else if EMPTY.contains(&name) {
            self.push(name, "");
        } else if name == "a" {
            let href = tag.link().unwrap_or_default();
            let href = href.replace('&', "&amp;").replace(['"', '<', '>'], "");
            let more = format!(" href=\"{href}\" rel=\"noopener noreferrer\" target=\"_blank\"");
            self.push(name, if href.is_empty() { "" } else { &more });
            self.open.push(name.to_owned());
        } else {
            self.push(name, "");
            self.open.push(name.to_owned());
        }
        after
    }

    fn push(&mut self, name: &str, attributes: &str) {
        self.written.push('<');
        self.written.push_str(name);
        self.written.push_str(attributes);
        self.written.push('>');
    }

    fn close(&mut self, name: &str) {
        if !self.open.iter().any(|it| it == name) {
            return;
        }
        while let Some(open) = self.open.pop() {
            self.written.push_str("</");
            self.written.push_str(&open);
            self.written.push('>');
            if open == name {
                break;
            }
        }
    }

    fn finish(mut self) -> String {
        while let Some(open) = self.open.last().cloned() {
            self.close(&open);
        }
        self.written
    }
}

/// Whether `amp;`, `#39;` or the like stands here.
fn is_reference(text: &str) -> bool {
    let end = text.find(';').filter(|end| (1..=32).contains(end));
    let name = end.and_then(|end| text.get(..end));
    name.is_some_and(|name| {
        let name = name.strip_prefix('#').unwrap_or(name);
        !name.is_empty() && name.chars().all(|it| it.is_ascii_alphanumeric())
    })
}

/// What follows the end of an element whose content does not count.
fn after_element<'a>(name: &str, text: &'a str) -> &'a str {
    let end = format!("</{name}");
    let lower = text.to_ascii_lowercase();
    let Some(at) = lower.find(&end) else {
        return "";
    };
    let rest = text.get(at..).unwrap_or_default();
    rest.split_once('>').map_or("", |(_, after)| after)
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn what_structures_a_text_stays() {
        let text = "<h1>Terms</h1><P class=x>Be <b>kind</b> &amp; &#39;fair&#39;.</p>\
                    <ul><li>One<li>Two</ul><br/>";
        assert_eq!(
            clean(text),
            "<h2>Terms</h2><p>Be <b>kind</b> &amp; &#39;fair&#39;.</p>\
             <ul><li>One<li>Two</li></li></ul><br>"
        );
    }

    #[test]
    fn what_acts_or_pretends_goes() {
        for (text, cleaned) in [
            ("<script>alert(1)</script>a", "a"),
            ("<ScRiPt src=//x>a</sCrIpT >b", "b"),
            ("<script>never closed", ""),
            ("<img src=x onerror=alert(1)>a", "a"),
            ("<p onclick=\"x()\">a</p>", "<p>a</p>"),
            ("<p title='>' style=x>a", "<p>a</p>"),
            ("<form action=//evil><input name=password></form>a", "a"),
            ("</main></body>a", "a"),
            ("</p>a", "a"),
            ("<svg><p>a</p></svg>b", "b"),
            ("<!-- <b> -->a<!doctype html>", "a"),
            ("<style>*{display:none}</style>a", "a"),
            (
                "1 < 2 & 3 > 2 \"x\"",
                "1 &lt; 2 &amp; 3 &gt; 2 &quot;x&quot;",
            ),
            ("<<b>a", "&lt;<b>a</b>"),
            ("<b", "<b></b>"),
            ("&lt;script&gt;", "&lt;script&gt;"),
            ("&<b>", "&amp;<b></b>"),
        ] {
            assert_eq!(clean(text), cleaned, "{text}");
        }
    }

    #[test]
    fn links_lead_to_https_only() {
        let kept = "<a href=\"https://a.example/?x=1&amp;y=2\" rel=\"noopener noreferrer\" \
                    target=\"_blank\">x</a>";
        assert_eq!(
            clean("<a class=z href='https://a.example/?x=1&amp;y=2'>x</a>"),
            kept
        );
        for bad in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "//evil.example",
            "http://a.example",
            "/relative",
        ] {
            assert_eq!(
                clean(&format!("<a href=\"{bad}\">x</a>")),
                "<a>x</a>",
                "{bad}"
            );
        }
        let sly = clean("<a href='https://a.example/\"><script>'>x</a>");
        assert!(!sly.contains("<script") && !sly.contains("/\""), "{sly}");
    }
}
