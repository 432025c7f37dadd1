use crate::banner::Addresses;
use crate::failure::Failure;
use crate::settings::Settings;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

/// An address that is ours; it becomes a listener of tokio's in the runtime that serves it.
#[derive(Debug)]
pub(crate) struct Bound {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Bound {
    pub(crate) fn bind(wanted: SocketAddr, variable: &'static str) -> Result<Self, Failure> {
        let failed = |reason| Failure::Listen { address: wanted, variable, reason };
        let listener = TcpListener::bind(wanted).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// The listener, for the runtime in which this is called.
    pub(crate) fn into_tokio(self) -> io::Result<tokio::net::TcpListener> {
        tokio::net::TcpListener::from_std(self.listener)
    }
}

/// Every address of the process, bound before anything starts: a port in use is found out at once.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub(crate) dashboard: Bound,
    /// For our own services.
    pub(crate) internal: Bound,
    /// None when a bot token says that Discord is elsewhere.
    pub(crate) practice: Option<Bound>,
    pub(crate) otlp_grpc: Bound,
    pub(crate) otlp_http: Bound,
}

impl Listeners {
    /// Where they are, for those who want to open them.
    pub(crate) fn addresses<'a>(&self, data: &'a Path) -> Addresses<'a> {
        Addresses {
            dashboard: self.dashboard.address,
            practice: self.practice.as_ref().map(|bound| bound.address),
            otlp_grpc: self.otlp_grpc.address,
            otlp_http: self.otlp_http.address,
            data,
        }
    }

    /// Binds them all.
    pub(crate) fn bind(settings: &Settings) -> Result<Self, Failure> {
        let practice = match settings.bot_token {
            None => Some(Bound::bind(settings.practice, "MUSTER_PRACTICE")?),
            Some(_) => None,
        };
        Ok(Self {
            dashboard: Bound::bind(settings.listen, "MUSTER_LISTEN")?,
            internal: Bound::bind(settings.internal.listen, "MUSTER_INTERNAL_LISTEN")?,
            practice,
            otlp_grpc: Bound::bind(settings.otlp_grpc, "MUSTER_OTLP_GRPC")?,
            otlp_http: Bound::bind(settings.otlp_http, "MUSTER_OTLP_HTTP")?,
        })
    }
}
