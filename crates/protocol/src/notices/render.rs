//! Filling in: `${name}` becomes its value, once, so that a value which looks like a variable stays
//! what it is. In HTML every value is escaped (`threats.md` 4): a user's name is text.

use std::borrow::Cow;

/// What the text is that values are put into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Into {
    /// HTML.
    Html,
    /// Plain text.
    Text,
}

/// Fills the variables of a text.
pub fn fill<'a>(template: &str, into: Into, value: &impl Fn(&str) -> Cow<'a, str>) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        match into {
            Into::Html => escape(&value(name), &mut out),
            Into::Text => out.push_str(&value(name)),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
}

/// Longest subject that is sent, in characters.
const MAX_LINE: usize = 256;

/// One line: nothing that could begin another header.
pub fn one_line(text: &str) -> String {
    let spaced = text.chars().map(|character| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    });
    let spaced: String = spaced.take(MAX_LINE).collect();
    spaced.trim().to_owned()
}

/// The text of an HTML body, for programs that show no HTML: blocks become lines, tags go.
pub fn text_of(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some((text, after)) = rest.split_once('<') {
        push_words(&mut out, text);
        let (tag, behind) = after.split_once('>').unwrap_or((after, ""));
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase();
        rest = match name.as_str() {
            "style" | "script" | "title" if !tag.starts_with('/') => after_end(behind, &name),
            _ => behind,
        };
        if is_block(&name) && !out.is_empty() && !out.ends_with("\n\n") {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        }
    }
    push_words(&mut out, rest);
    let lines: Vec<&str> = out.lines().map(str::trim).collect();
    lines.join("\n").trim().to_owned() + "\n"
}

/// What follows the end tag of an element whose content is not text.
fn after_end<'a>(rest: &'a str, name: &str) -> &'a str {
    let end = format!("</{name}");
    let at = rest.to_ascii_lowercase().find(&end);
    at.and_then(|at| rest.get(at..)).unwrap_or_default()
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "br" | "p" | "div" | "tr" | "table" | "li" | "ul" | "ol" | "hr" | "h1" | "h2" | "h3" | "h4"
    )
}

/// Appends text with its entities resolved and its white space as single spaces.
fn push_words(out: &mut String, text: &str) {
    let text = text
        .replace("&nbsp;", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&");
    if text.starts_with(char::is_whitespace) {
        push_space(out);
    }
    for (index, word) in text.split_whitespace().enumerate() {
        if index > 0 {
            push_space(out);
        }
        out.push_str(word);
    }
    if text.ends_with(char::is_whitespace) {
        push_space(out);
    }
}

fn push_space(out: &mut String) {
    if !out.is_empty() && !out.ends_with(char::is_whitespace) {
        out.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada(name: &str) -> Cow<'static, str> {
        Cow::Borrowed(match name {
            "name" => "<b>${code}</b>&\"'",
            "code" => "SECRET",
            _ => "",
        })
    }

    #[test]
    fn threat_04_a_value_is_text_and_is_not_filled_again() {
        assert_eq!(
            fill("Hi ${name}!", Into::Html, &ada),
            "Hi &lt;b&gt;${code}&lt;/b&gt;&amp;&quot;&#39;!"
        );
        assert_eq!(fill("${name}", Into::Text, &ada), "<b>${code}</b>&\"'");
    }

    #[test]
    fn what_is_no_variable_stays() {
        assert_eq!(fill("$5 ${open", Into::Text, &ada), "$5 ${open");
        assert_eq!(fill("a${unknown}b", Into::Text, &ada), "ab");
        assert_eq!(fill("${code}${code}", Into::Text, &ada), "SECRETSECRET");
    }

    #[test]
    fn a_subject_is_one_line() {
        assert_eq!(one_line("a\r\nBcc: b@c\u{7}"), "a  Bcc: b@c");
        assert_eq!(one_line(&"x".repeat(1000)).len(), 256);
    }

    #[test]
    fn html_has_a_text() {
        let html = "<html><head><title>T</title><style>p{}</style></head><body><p>Hello <b>Ada</b>,\
                    </p>\n<p>your   code:<br>ABCD&amp;&lt;</p></body>";
        assert_eq!(text_of(html), "Hello Ada,\n\nyour code:\nABCD&<\n");
        assert_eq!(text_of("plain"), "plain\n");
        assert_eq!(text_of("open <b"), "open\n");
    }
}
