//! Who may ask: names in `Host`, foreign sites, tokens, and whose address a request has.

use std::net::IpAddr;

use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::{HeaderMap, Uri};

use crate::options::GatewayOptions;
use crate::peer::Peer;
use crate::problem::{Code, Problem};

/// Refuses names that are not ours. A site that makes its own name point to this machine (DNS rebinding) could else
/// read from a visitor's gateway, for to the browser it would be the same origin.
pub(crate) fn host(
    headers: &HeaderMap,
    uri: &Uri,
    peer: Peer,
    options: &GatewayOptions,
) -> Result<(), Problem> {
    let given = match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(HOST).and_then(|host| host.to_str().ok()),
    };
    let Some(given) = given else {
        return if peer.loopback || headers.contains_key(HOST) {
            Err(Problem::new(Code::Forbidden, "the request names no host").with("header", "host"))
        } else {
            Ok(())
        };
    };
    if is_ours(given, peer, options) {
        return Ok(());
    }
    Err(Problem::new(
        Code::Forbidden,
        "this name is not one of the gateway's; add it to its allowed hosts if it should be",
    )
    .with("header", "host")
    .with("given", given.chars().take(200).collect::<String>()))
}

/// Whether the name that a request gives, with or without a port, is one of ours.
pub(crate) fn is_ours(given: &str, peer: Peer, options: &GatewayOptions) -> bool {
    let name = host_name(given);
    name.eq_ignore_ascii_case("localhost")
        || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
        || options.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
        // beyond loopback only who sets names restricts them: we cannot know by which the machine is reached
        || (!peer.loopback && options.allowed_hosts.is_empty())
}

/// The name without the port.
fn host_name(host: &str) -> &str {
    if host.starts_with('[') {
        return host.find(']').map_or(host, |end| &host[..=end]);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// Whether a request comes from a page, and from whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    /// Not from a page, or from one of ours.
    Own,
    /// From a page that may read.
    Allowed,
    /// From any other page.
    Foreign,
}

/// Whose page a request comes from.
pub(crate) fn site(headers: &HeaderMap, options: &GatewayOptions) -> Site {
    let Some(origin) = headers.get(ORIGIN) else {
        return Site::Own;
    };
    let Ok(origin) = origin.to_str() else {
        return Site::Foreign;
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let own = origin.split_once("://").is_some_and(|(scheme, authority)| {
        matches!(scheme, "http" | "https") && Some(authority) == host
    });
    if own {
        Site::Own
    } else if options
        .allowed_origins
        .iter()
        .any(|allowed| allowed == origin)
    {
        Site::Allowed
    } else {
        Site::Foreign
    }
}

/// Refuses foreign pages where answering would do something for them.
pub(crate) fn no_foreign_site(
    headers: &HeaderMap,
    options: &GatewayOptions,
) -> Result<(), Problem> {
    match site(headers, options) {
        Site::Own | Site::Allowed => Ok(()),
        Site::Foreign => Err(
            Problem::new(Code::Forbidden, "pages of other sites may not do this")
                .with("header", "origin"),
        ),
    }
}

/// Refuses who does not show the bootstrap token.
pub(crate) fn may_write(
    headers: &HeaderMap,
    options: &GatewayOptions,
    scope: &str,
) -> Result<(), Problem> {
    let Some(token) = &options.bootstrap_token else {
        return Err(Problem::new(
            Code::Forbidden,
            "nothing can be changed here: no bootstrap token is configured",
        )
        .with("scope", scope));
    };
    let shown = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, shown)| shown.trim());
    match shown {
        Some(shown) if token.matches(shown) => Ok(()),
        Some(_) => {
            Err(Problem::new(Code::Unauthenticated, "the token is not valid").with("scope", scope))
        }
        None => Err(Problem::new(
            Code::Unauthenticated,
            "a token is needed: Authorization: Bearer …",
        )
        .with("scope", scope)),
    }
}

/// Whose request it is: the last address in `X-Forwarded-For` that is no proxy of ours, where a trusted proxy sent it.
pub(crate) fn client(headers: &HeaderMap, peer: Peer, options: &GatewayOptions) -> IpAddr {
    let forwarded = headers.get_all("x-forwarded-for");
    client_of(
        forwarded.iter().filter_map(|value| value.to_str().ok()),
        peer,
        options,
    )
}

/// Whose request it is, by the texts of `X-Forwarded-For`.
pub(crate) fn client_of<'a>(
    forwarded: impl Iterator<Item = &'a str>,
    peer: Peer,
    options: &GatewayOptions,
) -> IpAddr {
    let trusted = |address: &IpAddr| options.trusted_proxies.contains(address);
    if options.trusted_proxies.is_empty() || !trusted(&peer.address) {
        return peer.address;
    }
    forwarded
        .flat_map(|value| value.split(','))
        .filter_map(|address| address.trim().parse::<IpAddr>().ok())
        .filter(|address| !trusted(address))
        .last()
        .unwrap_or(peer.address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Token;
    use std::net::Ipv4Addr;

    const PEER: Peer = Peer {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        loopback: true,
    };

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn only_our_names_are_answered_on_loopback() {
        let options = GatewayOptions {
            allowed_hosts: vec!["quant.example.org".to_owned()],
            ..GatewayOptions::default()
        };
        let uri = Uri::from_static("/prices");
        for (name, ours) in [
            ("localhost:8080", true),
            ("LOCALHOST", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("192.168.1.5", true),
            ("quant.example.org:443", true),
            ("evil.example:8080", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("", false),
        ] {
            assert_eq!(
                host(&headers(&[("host", name)]), &uri, PEER, &options).is_ok(),
                ours,
                "{name}"
            );
        }
        assert!(host(&HeaderMap::new(), &uri, PEER, &options).is_err());
    }

    #[test]
    fn pages_of_other_sites_are_told_apart() {
        let options = GatewayOptions {
            allowed_origins: vec!["https://app.example".to_owned()],
            ..GatewayOptions::default()
        };
        let of = |origin| {
            site(
                &headers(&[("host", "localhost:8080"), ("origin", origin)]),
                &options,
            )
        };
        assert_eq!(of("http://localhost:8080"), Site::Own);
        assert_eq!(of("https://app.example"), Site::Allowed);
        for foreign in [
            "http://localhost:9090",
            "https://evil.example",
            "null",
            "http://localhost:8080.evil.example",
            "https://app.example.evil",
        ] {
            assert_eq!(of(foreign), Site::Foreign, "{foreign}");
        }
        assert_eq!(site(&HeaderMap::new(), &options), Site::Own);
    }

    #[test]
    fn writing_needs_the_very_token() {
        let options = GatewayOptions {
            bootstrap_token: Token::new("0123456789abcdef"),
            ..GatewayOptions::default()
        };
        let may = |value| {
            may_write(
                &headers(&[("authorization", value)]),
                &options,
                "admin:ingest",
            )
        };
        assert!(may("Bearer 0123456789abcdef").is_ok());
        assert!(may("bearer  0123456789abcdef").is_ok());
        for wrong in [
            "Bearer 0123456789abcdeF",
            "Bearer 0123456789abcde",
            "Bearer 0123456789abcdef0",
            "Bearer ",
            "Basic 0123456789abcdef",
        ] {
            assert_eq!(
                may(wrong).unwrap_err().code,
                Code::Unauthenticated,
                "{wrong}"
            );
        }
        let none = may_write(
            &HeaderMap::new(),
            &GatewayOptions::default(),
            "admin:ingest",
        );
        assert_eq!(none.unwrap_err().code, Code::Forbidden);
        assert!(Token::new("short").is_none());
        assert_eq!(
            format!("{:?}", options.bootstrap_token.unwrap()),
            "Token(…)"
        );
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let forwarded = headers(&[("x-forwarded-for", "9.9.9.9, 8.8.8.8, 10.0.0.2")]);
        let mut options = GatewayOptions::default();
        assert_eq!(client(&forwarded, PEER, &options), PEER.address);
        options.trusted_proxies = vec![PEER.address, "10.0.0.2".parse().unwrap()];
        assert_eq!(
            client(&forwarded, PEER, &options),
            "8.8.8.8".parse::<IpAddr>().unwrap()
        );
        assert_eq!(client(&HeaderMap::new(), PEER, &options), PEER.address);
    }
}
