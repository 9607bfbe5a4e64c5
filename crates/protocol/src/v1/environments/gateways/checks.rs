//! What must hold for a gateway, by its type.

use std::collections::BTreeSet;

use countersign_domain::gateway::{Gateway, GatewayType, GatewayUserType, NewUserLookup};
use countersign_domain::ids::PopulationId;

use crate::misfit::{Fit, Misfit};
use crate::refusal::Refused;
use crate::v1::body::Check;

/// Most entries of a list.
const MOST: usize = 100;
const MAX_TEXT: usize = 1_024;

/// The populations that it names.
pub(super) fn populations(gateway: &Gateway) -> BTreeSet<PopulationId> {
    let lookups = lookups(gateway).map(|it| it.population.id);
    lookups.collect()
}

fn lookups(gateway: &Gateway) -> impl Iterator<Item = &NewUserLookup> {
    let user_types = gateway.user_types.iter().flatten();
    user_types.filter_map(|it| it.new_user_lookup.as_ref())
}

/// Refuses what does not hold.
pub(super) fn check(
    gateway: &Gateway,
    populations: &BTreeSet<PopulationId>,
) -> Result<(), Refused> {
    let mut check = Check::new();
    check.length("name", &gateway.name, 1, 256);
    check.length_of("description", gateway.description.as_ref(), 0, MAX_TEXT);
    match gateway.type_ {
        GatewayType::Ldap => ldap(&mut check, gateway, populations),
        GatewayType::Radius => radius(&mut check, gateway),
        GatewayType::PingFederate
        | GatewayType::PingIntelligence
        | GatewayType::ApiGatewayIntegration => {}
    }
    check.finish()
}

fn ldap(check: &mut Check, gateway: &Gateway, populations: &BTreeSet<PopulationId>) {
    check.expect(gateway.bind_dn.is_some(), || Misfit::required("bindDN"));
    check.length_of("bindDN", gateway.bind_dn.as_ref(), 1, MAX_TEXT);
    check.expect(gateway.bind_password.is_some(), || {
        Misfit::required("bindPassword")
    });
    check.expect(gateway.vendor.is_some(), || Misfit::required("vendor"));
    let servers = &gateway.servers_host_and_port;
    check.expect(!servers.is_empty(), || {
        Misfit::required("serversHostAndPort")
    });
    count(check, "serversHostAndPort", servers.len());
    check.expect(servers.iter().all(|it| is_host_and_port(it)), || {
        Misfit::invalid(
            "serversHostAndPort",
            "must be texts like ds1.example.com:389",
        )
    });
    if let Some(kerberos) = &gateway.kerberos {
        let account = &kerberos.service_account_user_principal_name;
        let target = "kerberos.serviceAccountUserPrincipalName";
        check.length(target, account, 1, MAX_TEXT);
        let minutes = kerberos.minutes_to_retain_previous_credentials;
        check.expect(minutes.is_none_or(|it| it >= 0), || {
            let target = "kerberos.minutesToRetainPreviousCredentials";
            Misfit::new(Fit::OutOfRange, target, "must not be negative")
        });
    }
    let user_types = gateway.user_types.as_deref().unwrap_or_default();
    count(check, "userTypes", user_types.len());
    let names: BTreeSet<&str> = user_types.iter().map(|it| it.name.as_str()).collect();
    check.expect(names.len() == user_types.len(), || {
        Misfit::taken("userTypes.name")
    });
    for user_type in user_types {
        self::user_type(check, user_type);
    }
    let are_there = lookups(gateway).all(|it| populations.contains(&it.population.id));
    check.expect(are_there, || {
        let target = "userTypes.newUserLookup.population.id";
        Misfit::invalid(target, "no population has this id")
    });
}

fn user_type(check: &mut Check, user_type: &GatewayUserType) {
    check.length("userTypes.name", &user_type.name, 1, 256);
    check.length(
        "userTypes.searchBaseDn",
        &user_type.search_base_dn,
        1,
        MAX_TEXT,
    );
    let attributes = &user_type.ordered_correlation_attributes;
    let target = "userTypes.orderedCorrelationAttributes";
    check.expect(!attributes.is_empty(), || {
        Misfit::new(Fit::Empty, target, "must not be empty")
    });
    count(check, target, attributes.len());
    for attribute in attributes {
        check.length(target, attribute, 1, 256);
    }
    let Some(lookup) = &user_type.new_user_lookup else {
        return;
    };
    let target = "userTypes.newUserLookup.ldapFilterPattern";
    check.length(target, &lookup.ldap_filter_pattern, 1, MAX_TEXT);
    let mappings = &lookup.attribute_mappings;
    let target = "userTypes.newUserLookup.attributeMappings";
    count(check, target, mappings.len());
    check.expect(mappings.iter().any(|it| it.name == "username"), || {
        Misfit::invalid(target, "must have one for username")
    });
    for mapping in mappings {
        check.length(target, &mapping.name, 1, 256);
        check.length(target, &mapping.value, 1, MAX_TEXT);
    }
}

fn radius(check: &mut Check, gateway: &Gateway) {
    check.expect(gateway.davinci.is_some(), || Misfit::required("davinci"));
    if let Some(davinci) = &gateway.davinci {
        check.length("davinci.policy.id", &davinci.policy.id, 1, 256);
    }
    let server = gateway.network_policy_server;
    check.expect(server.is_none_or(|it| it.port != 0), || {
        Misfit::new(Fit::OutOfRange, "networkPolicyServer.port", "must not be 0")
    });
    let clients = &gateway.radius_clients;
    check.expect(!clients.is_empty(), || Misfit::required("radiusClients"));
    count(check, "radiusClients", clients.len());
    let addresses: BTreeSet<_> = clients.iter().map(|it| it.ip).collect();
    check.expect(addresses.len() == clients.len(), || {
        Misfit::taken("radiusClients.ip")
    });
    let has_default = gateway.default_shared_secret.is_some();
    check.expect(
        has_default || clients.iter().all(|it| it.shared_secret.is_some()),
        || {
            let message = "must be there where there is no defaultSharedSecret";
            Misfit::invalid("radiusClients.sharedSecret", message)
        },
    );
    let both = clients.iter().filter_map(|it| it.blast_radius_mitigation);
    let mut both = both.filter(|it| it.require_msg_auth && it.limit_proxy_state);
    check.expect(both.next().is_none(), || {
        let target = "radiusClients.blastRadiusMitigation";
        Misfit::invalid(target, "must not have both set to true")
    });
}

fn count(check: &mut Check, target: &'static str, count: usize) {
    check.expect(count <= MOST, || {
        Misfit::new(Fit::TooLong, target, "must have at most 100 entries")
    });
}

/// `ds1.example.com:389`, `[2001:db8::1]:636`
fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let is_host = (1..=253).contains(&host.len())
        && host
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || ".-_[]:".contains(it));
    let starts_with_digit = port.starts_with(|it: char| it.is_ascii_digit());
    is_host && starts_with_digit && port.parse::<u16>().is_ok_and(|it| it != 0)
}
