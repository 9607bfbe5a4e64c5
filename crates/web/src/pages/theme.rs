//! `GET /{envID}/theme.css`: how an environment's pages look.
//!
//! A theme is a style sheet of its own that comes after the common one and sets its variables, so
//! that the content security policy allows no style inside a page. Colours that could not be read
//! are moved until they can.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::{Path, State};
use axum::response::Response;
use countersign_domain::branding::{BackgroundType, Color, Theme, ThemeTemplate};
use countersign_domain::ids::ImageId;
use countersign_protocol::configuration::Snapshot;
use countersign_protocol::refusal::Outcome;

use super::contrast::{MARK, Rgb, TEXT, is_dark, mix, readable};
use crate::App;
use crate::wire::answer::{self, JSON};
use crate::wire::incoming::Incoming;
use crate::wire::{form, p1_error};

/// Red for errors, before it is made readable.
const RED: Rgb = [0xa8, 0x19, 0x2e];
/// Green for what is done, before it is made readable.
const GREEN: Rgb = [0x1d, 0x6b, 0x3a];
const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

/// What a page needs to know of its theme.
pub struct Looks {
    /// The address of the style sheet.
    pub stylesheet: Option<String>,
    /// The layout: a class of the body.
    pub layout: &'static str,
    /// `color-scheme`.
    pub scheme: &'static str,
    /// The address of the logo.
    pub logo: Option<String>,
    /// What the logo says.
    pub company: Option<String>,
    /// A line below the card.
    pub footer: Option<String>,
}

impl Looks {
    /// Of a page that has no theme.
    pub fn plain() -> Self {
        Self {
            stylesheet: None,
            layout: layout(ThemeTemplate::Default),
            scheme: "light dark",
            logo: None,
            company: None,
            footer: None,
        }
    }

    /// Of a page of an environment.
    pub fn of(env: &Snapshot, theme: Option<&Theme>) -> Self {
        let branding = env.branding.as_ref();
        let theme = theme.filter(|theme| !theme.is_plain());
        let logo = theme.and_then(Theme::logo);
        let logo = logo.or_else(|| branding?.logo.as_ref()?.id);
        let path = env.urls.path(env.id);
        let plain = Self {
            logo: logo.map(|id| image_href(&path, id)),
            company: branding.and_then(|it| it.company_name.clone()),
            ..Self::plain()
        };
        let Some(theme) = theme else {
            return plain;
        };
        let version = version(&stylesheet(&path, theme));
        Self {
            stylesheet: Some(format!(
                "{path}/theme.css?id={}&version={version}",
                theme.id
            )),
            layout: layout(theme.template),
            scheme: scheme(theme),
            footer: theme.configuration.footer.clone(),
            ..plain
        }
    }
}

const fn layout(template: ThemeTemplate) -> &'static str {
    match template {
        ThemeTemplate::Default => "default",
        ThemeTemplate::Focus => "focus",
        ThemeTemplate::Mural => "mural",
        ThemeTemplate::Slate => "slate",
        ThemeTemplate::Split => "split",
    }
}

/// The scheme of what the browser draws itself: a theme has one set of colours.
fn scheme(theme: &Theme) -> &'static str {
    if is_dark(theme.configuration.card_color.rgb()) {
        "dark"
    } else {
        "light"
    }
}

/// `path` is how paths of the environment begin.
fn image_href(path: &str, image: ImageId) -> String {
    format!("{path}/images/{image}")
}

/// The variables of the common style sheet, as a theme has them.
fn stylesheet(path: &str, theme: &Theme) -> String {
    let it = &theme.configuration;
    let card = it.card_color.rgb();
    let away = if is_dark(card) { WHITE } else { BLACK };
    let page = match it.background_type {
        BackgroundType::Color => it.background_color.as_ref().map_or(card, Color::rgb),
        BackgroundType::Default => mix(card, away, 6),
        BackgroundType::Image => mix(card, away, 12),
        BackgroundType::None => card,
    };
    let danger_back = mix(card, RED, 10);
    let quiet_back = mix(card, away, 5);
    let backs = [card, quiet_back];
    let button = it.button_color.rgb();
    let on_button = readable(it.button_text_color.rgb(), &[button], TEXT);
    let towards = if is_dark(on_button) { WHITE } else { BLACK };
    let text = readable(it.body_text_color.rgb(), &backs, TEXT);
    let colors = [
        ("text", text),
        (
            "heading",
            readable(it.heading_text_color.rgb(), &backs, TEXT),
        ),
        ("muted", readable(mix(text, card, 25), &backs, TEXT)),
        ("page", page),
        (
            "page-text",
            readable(it.body_text_color.rgb(), &[page], TEXT),
        ),
        ("card", card),
        ("line", readable(mix(card, away, 35), &[card], MARK)),
        ("hairline", mix(card, away, 14)),
        ("quiet-back", quiet_back),
        ("accent", button),
        ("accent-strong", mix(button, towards, 14)),
        ("on-accent", on_button),
        ("link", readable(it.link_text_color.rgb(), &backs, TEXT)),
        ("danger", readable(RED, &[card, danger_back], TEXT)),
        ("danger-back", danger_back),
        ("done", readable(GREEN, &[card], TEXT)),
    ];
    let mut sheet = format!(":root {{\n  color-scheme: {};\n", scheme(theme));
    for (name, [red, green, blue]) in colors {
        let _ = writeln!(sheet, "  --{name}: #{red:02x}{green:02x}{blue:02x};");
    }
    for (name, value) in theme.extras.variables.iter() {
        let _ = writeln!(sheet, "  --{name}: {value};");
    }
    if let Some(image) = theme.background_image() {
        let href = image_href(path, image);
        let _ = writeln!(sheet, "  --backdrop: url(\"{href}\");");
    }
    sheet.push_str("}\n");
    sheet
}

fn version(sheet: &str) -> String {
    let mut hasher = DefaultHasher::new();
    sheet.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Answers the style sheet of a theme.
pub async fn stylesheet_of(
    State(app): State<App>,
    Path(env): Path<String>,
    incoming: Incoming,
) -> Response {
    let found = async {
        let env = app.recent(&env, &incoming).await?;
        let params = form::query(&incoming)?;
        let id = params.get("id").and_then(|id| id.parse().ok());
        let theme = env.theme(id);
        let path = env.urls.path(env.id);
        Outcome::Ok(theme.map_or_else(String::new, |theme| stylesheet(&path, theme)))
    };
    match found.await {
        Ok(sheet) => {
            let tag = format!("\"{}\"", version(&sheet));
            let body = ("text/css; charset=utf-8", sheet.into_bytes());
            answer::kept(&incoming, &tag, answer::AN_HOUR, body)
        }
        Err(failure) => p1_error::render(&failure, incoming.correlation, JSON),
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::ids::ThemeId;
    use uuid::Uuid;

    use super::*;
    use crate::pages::contrast::contrast;

    fn theme(card: &str, others: &str) -> Theme {
        let mut theme = Theme::plain(ThemeId::from_uuid(Uuid::nil()));
        let color = |text| Color::parse(text).unwrap();
        let it = &mut theme.configuration;
        it.card_color = color(card);
        it.body_text_color = color(others);
        it.heading_text_color = color(others);
        it.link_text_color = color(others);
        it.button_color = color(others);
        it.button_text_color = color(others);
        theme
    }

    fn value(sheet: &str, name: &str) -> Rgb {
        let start = format!("  --{name}: ");
        let line = sheet.lines().find_map(|line| line.strip_prefix(&start));
        Color::parse(line.unwrap().trim_end_matches(';'))
            .unwrap()
            .rgb()
    }

    #[test]
    fn whatever_the_colours_everything_can_be_read() {
        for card in [
            "#ffffff", "#000000", "#808080", "#ff0000", "#123456", "#ffe000",
        ] {
            for others in [
                "#ffffff", "#000000", "#777777", "#ff0000", "#00ff00", "#fdfdfd",
            ] {
                let sheet = stylesheet("", &theme(card, others));
                for (front, back, least) in [
                    ("text", "card", TEXT),
                    ("heading", "card", TEXT),
                    ("muted", "card", TEXT),
                    ("text", "quiet-back", TEXT),
                    ("muted", "quiet-back", TEXT),
                    ("link", "quiet-back", TEXT),
                    ("link", "card", TEXT),
                    ("danger", "card", TEXT),
                    ("danger", "danger-back", TEXT),
                    ("done", "card", TEXT),
                    ("on-accent", "accent", TEXT),
                    ("on-accent", "accent-strong", TEXT),
                    ("page-text", "page", TEXT),
                    ("line", "card", MARK),
                ] {
                    let ratio = contrast(value(&sheet, front), value(&sheet, back));
                    assert!(
                        ratio >= least,
                        "{front} on {back}: {ratio} {card} {others}\n{sheet}"
                    );
                }
            }
        }
    }

    #[test]
    fn colours_that_can_be_read_stay() {
        let sheet = stylesheet("", &theme("#fffdf5", "#7a1f3d"));
        for name in ["text", "heading", "link", "accent"] {
            assert_eq!(value(&sheet, name), [0x7a, 0x1f, 0x3d], "{name}");
        }
    }
}
