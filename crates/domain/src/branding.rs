//! How the pages of an environment look: themes, the company's name, pictures.
//!
//! Shapes are those of PingOne's `/themes`, `/brandingSettings` and `/images`. What a theme has
//! beyond them is under `countersign`.

mod color;
mod variables;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::{ImageId, ThemeId};
use crate::reference::fold;
use crate::store::{IndexName, Kind};
use crate::time::Time;

pub use color::Color;
pub use variables::Variables;

/// How the parts of a page are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeTemplate {
    /// A card in the middle.
    #[default]
    Default,
    /// The same without a card around it.
    Focus,
    /// A card at one side of a picture.
    Mural,
    /// A wide card.
    Slate,
    /// The background on one half, the form on the other.
    Split,
}

/// What is behind the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BackgroundType {
    /// `backgroundColor`.
    Color,
    /// What pages have without a theme.
    #[default]
    Default,
    /// `backgroundImage`.
    Image,
    /// The colour of the card.
    None,
}

/// Whether there is a logo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LogoType {
    /// `logo`.
    Image,
    /// There is none.
    #[default]
    None,
}

/// Points at a picture. Only pictures that are stored here are shown, whatever `href` says: pages
/// load nothing from elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRef {
    /// The picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ImageId>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
}

/// Colours and pictures of a theme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ThemeConfiguration {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is behind the card.
    #[serde(default)]
    pub background_type: BackgroundType,
    /// Needed when `backgroundType` is COLOR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background_color: Option<Color>,
    /// Needed when `backgroundType` is IMAGE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background_image: Option<ImageRef>,
    /// Of ordinary text.
    pub body_text_color: Color,
    /// Of the button that goes on.
    pub button_color: Color,
    /// On that button.
    pub button_text_color: Color,
    /// Of the card.
    pub card_color: Color,
    /// A line below the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// Of headings.
    pub heading_text_color: Color,
    /// Of links.
    pub link_text_color: Color,
    /// Needed when `logoType` is IMAGE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<ImageRef>,
    /// Whether there is a logo.
    #[serde(default)]
    pub logo_type: LogoType,
}

/// What PingOne's themes have not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ThemeExtras {
    /// Variables of the style sheet.
    #[serde(skip_serializing_if = "Variables::is_empty")]
    pub variables: Variables,
}

impl ThemeExtras {
    fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }
}

/// A theme: `/v1/environments/{e}/themes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Theme {
    /// Its id.
    pub id: ThemeId,
    /// The layout.
    #[serde(default)]
    pub template: ThemeTemplate,
    /// Whether pages use it unless a population says otherwise. One per environment.
    #[serde(default)]
    pub default: bool,
    /// Colours and pictures.
    pub configuration: ThemeConfiguration,
    /// What PingOne's themes have not.
    #[serde(
        rename = "countersign",
        default,
        skip_serializing_if = "ThemeExtras::is_empty"
    )]
    pub extras: ThemeExtras,
}

impl Theme {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "name";
    /// Longest footer, in characters.
    pub const MAX_FOOTER: usize = 500;

    /// The theme of a new environment. It looks as pages do without any, light or dark as the
    /// person likes it.
    pub fn plain(id: ThemeId) -> Self {
        let [text, accent, white] = ["#1b1f33", "#3b49c4", "#ffffff"].map(Color::known);
        Self {
            id,
            template: ThemeTemplate::Default,
            default: true,
            configuration: ThemeConfiguration {
                name: Some("Default".to_owned()),
                background_type: BackgroundType::Default,
                background_color: None,
                background_image: None,
                body_text_color: text.clone(),
                button_color: accent.clone(),
                button_text_color: white.clone(),
                card_color: white.clone(),
                footer: None,
                heading_text_color: text.clone(),
                link_text_color: accent.clone(),
                logo: None,
                logo_type: LogoType::None,
            },
            extras: ThemeExtras::default(),
        }
    }

    /// Whether it changes nothing about the looks of a page.
    pub fn is_plain(&self) -> bool {
        let mut plain = Self::plain(self.id);
        plain.default = self.default;
        plain
            .configuration
            .name
            .clone_from(&self.configuration.name);
        *self == plain
    }

    /// What keeps it from being shown as it says, if anything: the property and why.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        let it = &self.configuration;
        let footer = it.footer.as_deref().unwrap_or_default();
        if it.background_type == BackgroundType::Color && it.background_color.is_none() {
            Some(("backgroundColor", "is needed when backgroundType is COLOR"))
        } else if it.background_type == BackgroundType::Image && it.background_image.is_none() {
            Some(("backgroundImage", "is needed when backgroundType is IMAGE"))
        } else if it.logo_type == LogoType::Image && it.logo.is_none() {
            Some(("logo", "is needed when logoType is IMAGE"))
        } else if footer.chars().count() > Self::MAX_FOOTER {
            Some(("footer", "must have at most 500 characters"))
        } else {
            None
        }
    }

    /// The picture behind the card, if it has one.
    pub fn background_image(&self) -> Option<ImageId> {
        let it = &self.configuration;
        let image = it.background_image.as_ref()?;
        (it.background_type == BackgroundType::Image)
            .then_some(image.id)
            .flatten()
    }

    /// The logo, if it has one.
    pub fn logo(&self) -> Option<ImageId> {
        let it = &self.configuration;
        let image = it.logo.as_ref()?;
        (it.logo_type == LogoType::Image)
            .then_some(image.id)
            .flatten()
    }
}

impl Entity for Theme {
    const KIND: Kind = kinds::THEME;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        let name = self.configuration.name.as_deref();
        name.map(|name| (Self::UNIQUE_NAME, fold(name)))
            .into_iter()
            .collect()
    }
}

/// The company: `/v1/environments/{e}/brandingSettings`. One per environment, under the
/// environment's id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BrandingSettings {
    /// The environment's id.
    #[serde(default)]
    pub id: String,
    /// The company's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// Its logo, where the theme has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<ImageRef>,
}

impl Entity for BrandingSettings {
    const KIND: Kind = kinds::BRANDING_SETTINGS;
    fn id(&self) -> String {
        self.id.clone()
    }
}

/// A picture: `/v1/environments/{e}/images`. PNG, as `countersign_protocol::pictures` writes it;
/// one that an older program took in may be a JPEG or GIF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// Its id.
    pub id: ImageId,
    /// What the import file calls it. Under a name the picture may be exchanged; without one it
    /// never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its bytes, in base64.
    pub data: String,
    /// When it was stored.
    pub created_at: Time,
}

impl Image {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "name";
    /// Largest picture, in bytes.
    pub const MAX_BYTES: usize = 2 * 1024 * 1024;

    /// A picture of these bytes.
    pub fn new(id: ImageId, bytes: &[u8], created_at: Time) -> Self {
        Self {
            id,
            name: None,
            data: STANDARD.encode(bytes),
            created_at,
        }
    }

    /// The bytes and the media type that they begin like. `None`: no picture of a kind that is
    /// shown. What a file says of itself does not count, and SVG, which can carry scripts, is none.
    pub fn content(&self) -> Option<(&'static str, Vec<u8>)> {
        if self.data.len() > Self::MAX_BYTES / 3 * 4 + 4 {
            return None;
        }
        let bytes = STANDARD.decode(&self.data).ok()?;
        let media = match bytes.as_slice() {
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => "image/png",
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "image/gif",
            _ => return None,
        };
        Some((media, bytes))
    }
}

impl Entity for Image {
    const KIND: Kind = kinds::IMAGE;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        let name = self.name.as_deref();
        name.map(|name| (Self::UNIQUE_NAME, fold(name)))
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(bytes: &[u8]) -> Image {
        let id = ImageId::from_uuid(uuid::Uuid::nil());
        Image::new(id, bytes, Time::from_seconds(0))
    }

    #[test]
    fn a_picture_is_what_its_bytes_say() {
        let media = |bytes: &[u8]| image(bytes).content().map(|(media, _)| media);
        assert_eq!(media(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(media(b"\xff\xd8\xff\xe0.."), Some("image/jpeg"));
        assert_eq!(media(b"GIF89a.."), Some("image/gif"));
        assert_eq!(media(b"<svg onload=alert(1)>"), None);
        assert_eq!(media(b"<!doctype html>"), None);
        assert_eq!(media(&vec![0x89; Image::MAX_BYTES + 1000]), None);
    }
}
