//! Languages, pictures, themes and the company's name.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::branding::{BrandingSettings, Image, Theme};
use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::EnvId;
use countersign_domain::language::Language;
use countersign_domain::reference::fold;
use countersign_domain::store::Fault;
use serde_json::json;

use super::build::Parts;
use super::node::{Data, Node};
use super::plan::{Plan, Referent};
use crate::pictures::{self, MAX_UPLOAD, NotAPicture};

pub(super) const THEME: Referent = Referent {
    kind: kinds::THEME,
    noun: "theme",
    rule: Theme::UNIQUE_NAME,
    folds: true,
};
const IMAGE: Referent = Referent {
    kind: kinds::IMAGE,
    noun: "image",
    rule: Image::UNIQUE_NAME,
    folds: true,
};

/// The data of a picture as it is stored, in base64; else why it is none.
fn as_stored(data: &str) -> Result<String, String> {
    if data.len() > MAX_UPLOAD / 3 * 4 + 4 {
        return Err(NotAPicture::TooLarge.to_string());
    }
    let bytes = STANDARD.decode(data);
    let bytes = bytes.map_err(|_| "must be in base64".to_owned())?;
    let png = pictures::normalized(&bytes).map_err(|why| why.to_string())?;
    Ok(STANDARD.encode(png))
}

impl Plan<'_> {
    /// A language is told by its locale.
    pub(super) fn language(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(locale) = self.name_of(&node, "locale") else {
            return Ok(());
        };
        let (kind, folded) = (kinds::LANGUAGE, fold(&locale));
        let rule = Language::UNIQUE_LOCALE;
        let known = self.draft.find(kind, env, rule, &folded);
        let known = known.and_then(|id| id.parse().ok());
        let id = self.identify(&mut node, env, kind, known, &folded);
        let line = node.line;
        let built: Option<Language> = self.entity(Parts {
            fresh: vec![("enabled", json!(true))],
            ..Parts::of(env, id, node)
        })?;
        let Some(language) = built else { return Ok(()) };
        if language.default && !language.enabled {
            self.note(
                line,
                "default",
                "a language that is off cannot be the default",
            );
        }
        if language.default {
            self.only_default(env, &language.id(), |other: &mut Language| {
                std::mem::take(&mut other.default)
            })?;
        }
        Ok(())
    }

    /// A picture is told by its name.
    pub(super) fn image(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let name = node.get_text("name").unwrap_or_default().to_owned();
        if name.is_empty() && node.get("id").is_none() {
            self.note(node.line, "name", "is missing; it must be text");
            return Ok(());
        }
        let id = self.named(env, &mut node, &IMAGE, "", &name);
        if let Some(data) = node.get_text("data").map(str::to_owned) {
            let line = node.line;
            match as_stored(&data) {
                Ok(data) => node.set("data", Node::text(data, line)),
                Err(why) => {
                    self.note(line, "data", why);
                    return Ok(());
                }
            }
        }
        self.entity::<Image>(Parts::of(env, id, node))?;
        Ok(())
    }

    /// A theme is told by the name in its configuration.
    pub(super) fn theme(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let line = node.line;
        let mut name = String::new();
        if let Some(mut configuration) = node.take("configuration") {
            name.extend(configuration.get_text("name"));
            for field in ["logo", "backgroundImage"] {
                self.refer_to_image(&mut configuration, field, env);
            }
            node.set("configuration", configuration);
        }
        if name.is_empty() && node.get("id").is_none() {
            self.note(line, "configuration.name", "is missing; it must be text");
            return Ok(());
        }
        let (kind, rule) = (kinds::THEME, Theme::UNIQUE_NAME);
        let known = self.draft.find(kind, env, rule, &fold(&name));
        let known = known.and_then(|id| id.parse().ok());
        let id = self.identify(&mut node, env, kind, known, &fold(&name));
        let built: Option<Theme> = self.entity(Parts::of(env, id, node))?;
        let Some(theme) = built else { return Ok(()) };
        if let Some((field, message)) = theme.fault() {
            self.note(line, field, message);
        }
        if theme.default {
            self.only_default(env, &theme.id(), |other: &mut Theme| {
                std::mem::take(&mut other.default)
            })?;
        }
        Ok(())
    }

    /// The company's name and logo: one for each environment.
    pub(super) fn branding_settings(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        if !self.only(&node, &["companyName", "logo"]) {
            return Ok(());
        }
        self.refer_to_image(&mut node, "logo", env);
        self.entity::<BrandingSettings>(Parts {
            nested: &[],
            ..Parts::of(env, env, node)
        })?;
        Ok(())
    }

    /// By name or id. An address beside them stays; so does one that stands alone, as in what
    /// PingOne exports.
    fn refer_to_image(&mut self, node: &mut Node, field: &str, env: EnvId) {
        let is_stored = node.get(field).is_some_and(|it| {
            matches!(it.data, Data::Text(_)) || it.get("id").or(it.get("name")).is_some()
        });
        if !is_stored {
            return;
        }
        let address = node.get(field).and_then(|it| it.get("href")).cloned();
        self.refer(node, field, env, &IMAGE);
        if let Some(address) = address
            && let Some(mut picture) = node.take(field)
        {
            picture.set("href", address);
            node.set(field, picture);
        }
    }
}
