//! Where the broker is, and as whom it is entered.

use std::fmt;

use lapin::uri::{AMQPScheme, AMQPUri};
use telemetry::{Secret, Span, attr};

use crate::BrokerError;

/// The broker's address, taken apart; its password is shown nowhere.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) uri: AMQPUri,
}

/// Host and port, as spans name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Address {
    pub(crate) fn parse(url: &Secret<String>) -> Result<Self, BrokerError> {
        // The parser's own words repeat the address with its password.
        let mut uri: AMQPUri =
            url.expose().parse().map_err(|_| BrokerError::Address("it is no amqp:// address"))?;
        if uri.scheme == AMQPScheme::AMQPS {
            return Err(BrokerError::Address(
                "amqps:// is not supported: use amqp:// through a private network or a TLS tunnel",
            ));
        }
        if uri.vhost.is_empty() {
            // amqp://host:5672/ means, strictly, a virtual host without a name, which nobody has.
            "/".clone_into(&mut uri.vhost);
        }
        Ok(Self { uri })
    }

    pub(crate) fn server(&self) -> Server {
        Server { host: self.uri.authority.host.clone(), port: self.uri.authority.port }
    }

    pub(crate) fn user(&self) -> String {
        self.uri.authority.userinfo.username.clone()
    }

    pub(crate) fn vhost(&self) -> String {
        self.uri.vhost.clone()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "amqp://{}:…@{}/{}", self.user(), self.server(), self.vhost())
    }
}

impl Server {
    pub(crate) fn describe(&self, span: &Span) {
        span.set(attr::server_address(&self.host));
        span.set(attr::server_port(self.port));
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, BrokerError> {
        Address::parse(&Secret::new(url.to_owned()))
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        let address = parse("amqp://muster:canary@rabbit:5673/%2f").unwrap();

        assert_eq!(format!("{address:?}"), "amqp://muster:…@rabbit:5673//");
    }

    #[test]
    fn a_host_alone_and_a_bare_slash_mean_the_default_virtual_host() {
        for url in ["amqp://rabbit", "amqp://rabbit/", "amqp://rabbit/%2f"] {
            let address = parse(url).unwrap();
            assert_eq!((address.vhost().as_str(), address.server().port), ("/", 5672), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for url in
            ["", "rabbit", "http://u:canary@rabbit", "amqp://u:canary@rabbit:port", "amqps://u:canary@rabbit"]
        {
            let error = parse(url).unwrap_err();
            assert_eq!(error.error_type(), "address", "{url}");
            assert!(!format!("{error} {error:?} {}", error.mend()).contains("canary"));
        }
    }
}
