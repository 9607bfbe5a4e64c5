//! Forms of the pages we make: enough of HTML for those, and for nothing else.

use url::Url;

/// A form and the values its fields have in the page.
#[derive(Debug, Clone)]
pub struct Form {
    /// Where it is sent.
    pub action: Url,
    /// Its method in upper case.
    pub method: String,
    /// Names and values in the order of the page, hidden fields included.
    pub fields: Vec<(String, String)>,
    /// The name of the first field of type `password`.
    pub password: Option<String>,
}

impl Form {
    /// The first form in a page.
    pub fn first(page_url: &Url, html: &str) -> Option<Self> {
        let mut tags = Tags { rest: html };
        let open = tags.by_ref().find(|tag| tag.name == "form")?;
        let action = open.attribute("action").unwrap_or_default();
        let method = open.attribute("method").unwrap_or_else(|| "get".to_owned());
        let mut form = Self {
            action: page_url.join(&action).ok()?,
            method: method.to_ascii_uppercase(),
            fields: Vec::new(),
            password: None,
        };
        for tag in tags.take_while(|tag| tag.name != "/form") {
            let Some(name) = tag.attribute("name") else {
                continue;
            };
            if tag.name != "input" {
                continue;
            }
            if tag.attribute("type").as_deref() == Some("password") {
                form.password.get_or_insert_with(|| name.clone());
            }
            let value = tag.attribute("value").unwrap_or_default();
            form.fields.push((name, value));
        }
        Some(form)
    }

    /// Fills a field in; one that is not there fails the test.
    #[track_caller]
    #[must_use]
    pub fn fill(mut self, name: &str, value: &str) -> Self {
        let Some(field) = self.fields.iter_mut().find(|(field, _)| field == name) else {
            crate::broken(&format!("no field {name}"), format!("{:?}", self.fields));
        };
        value.clone_into(&mut field.1);
        self
    }

    /// The value of a field.
    pub fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name)?;
        Some(value)
    }
}

struct Tags<'a> {
    rest: &'a str,
}

struct Tag<'a> {
    name: String,
    attributes: &'a str,
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        let (_, after) = self.rest.split_once('<')?;
        let (tag, rest) = after.split_once('>')?;
        self.rest = rest;
        let end = tag.find(|c: char| c.is_whitespace()).unwrap_or(tag.len());
        let (name, attributes) = tag.split_at(end);
        Some(Tag {
            name: name.to_ascii_lowercase(),
            attributes,
        })
    }
}

impl Tag<'_> {
    /// The value of an attribute in double quotes, which is how we write them.
    fn attribute(&self, name: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            let (before, after) = rest.split_once("=\"")?;
            let (value, next) = after.split_once('"')?;
            let word = before.rsplit(char::is_whitespace).next()?;
            if word.eq_ignore_ascii_case(name) {
                return Some(unescape(value));
            }
            rest = next;
        }
    }
}

/// Undoes the escapes that templates make.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let named = after.split_once(';').and_then(|(name, next)| {
            let character = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => numeric(name)?,
            };
            Some((character, next))
        });
        if let Some((character, next)) = named {
            out.push(character);
            rest = next;
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn numeric(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_its_fields() {
        let page = Url::parse("http://localhost/a/?x=1").unwrap();
        let html = r#"<p><form method="post" action="/b?c=1&amp;d=2"><label>Username</label>
            <input name="username" value="&#60;al&quot;"><input type="password" name="password">
            <button>Go</button></form>"#;
        let form = Form::first(&page, html).unwrap();
        assert_eq!(form.action.as_str(), "http://localhost/b?c=1&d=2");
        assert_eq!(form.method, "POST");
        assert_eq!(form.value("username"), Some("<al\""));
        assert_eq!(form.password.as_deref(), Some("password"));
        let form = form.fill("password", "secret");
        assert_eq!(form.value("password"), Some("secret"));
    }
}
