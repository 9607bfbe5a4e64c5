//! The applications that every environment has and nobody can delete, and how secrets are made.

use countersign_domain::application::{
    AccessControl, Application, ApplicationAttribute, ApplicationSecret, ApplicationType,
    GrantType, PkceEnforcement, ResponseType, RoleAccess, RoleAccessType, TokenEndpointAuthMethod,
};
use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::{ApplicationId, AttributeId, derived_uuid};
use countersign_domain::ports::Entropy;
use countersign_domain::reference::Ref;
use countersign_domain::store::{Fault, Key};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{Documents, Maker};

/// Characters of a generated secret (ruling 26).
const SECRET_LENGTH: usize = 64;
/// 64 characters, so that six random bits choose one without bias.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A new client secret: 64 characters, 384 bits.
pub fn new_secret(entropy: &dyn Entropy) -> SecretString {
    let mut bytes = Zeroizing::new([0; SECRET_LENGTH]);
    entropy.fill(bytes.as_mut_slice());
    let character = |byte: &u8| ALPHABET.get(usize::from(byte & 63)).copied();
    let text: String = bytes.iter().filter_map(character).map(char::from).collect();
    text.into()
}

pub(super) fn add(documents: &mut Documents, maker: Maker<'_>) -> Result<(), Fault> {
    for (name, type_) in [
        (
            "PingOne Admin Console",
            ApplicationType::PingOneAdminConsole,
        ),
        ("PingOne Application Portal", ApplicationType::PingOnePortal),
        (
            "PingOne Self-Service - MyAccount",
            ApplicationType::PingOneSelfService,
        ),
    ] {
        let env = documents.1;
        let id = ApplicationId::from_uuid(derived_uuid(env, kinds::APPLICATION, name));
        documents.add(&system_application(id, name, type_, maker))?;
        let label = format!("{name}/sub");
        let attribute = derived_uuid(env, kinds::APPLICATION_ATTRIBUTE, &label);
        documents.add(&ApplicationAttribute::core_sub(
            AttributeId::from_uuid(attribute),
            id,
            maker.now,
        ))?;
        documents.add(&application_secret(
            env_key(env, id),
            id,
            &new_secret(maker.entropy),
            maker,
        )?)?;
    }
    Ok(())
}

fn env_key(env: countersign_domain::ids::EnvId, id: ApplicationId) -> Key {
    Key::new(ApplicationSecret::KIND, env, id.to_string())
}

fn application_secret(
    owner: Key,
    id: ApplicationId,
    secret: &SecretString,
    maker: Maker<'_>,
) -> Result<ApplicationSecret, Fault> {
    use secrecy::ExposeSecret;
    let bytes = secret.expose_secret().as_bytes();
    Ok(ApplicationSecret {
        application: Ref::to(id),
        secret: maker.vault.seal(&owner, bytes, maker.entropy)?,
        previous: None,
    })
}

fn system_application(
    id: ApplicationId,
    name: &str,
    type_: ApplicationType,
    maker: Maker<'_>,
) -> Application {
    let is_console = type_ == ApplicationType::PingOneAdminConsole;
    let admins = AccessControl {
        role: Some(RoleAccess {
            type_: RoleAccessType::AdminUsersOnly,
        }),
        group: None,
    };
    let description = if type_ == ApplicationType::PingOneSelfService {
        "People look after their own account here."
    } else if is_console {
        "Administrators work here."
    } else {
        "People find their applications here."
    };
    Application {
        grant_types: vec![GrantType::AuthorizationCode],
        response_types: vec![ResponseType::Code],
        // Source: Ping's Terraform provider. They have no redirect URIs, so no code is given to any.
        pkce_enforcement: PkceEnforcement::Optional,
        access_control: is_console.then_some(admins),
        description: Some(description.to_owned()),
        apply_default_theme: (!is_console).then_some(true),
        enable_default_theme_footer: (type_ == ApplicationType::PingOneSelfService).then_some(true),
        ..Application::new(id, name, type_, TokenEndpointAuthMethod::None, maker.now)
    }
}
