use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

/// What a client says first, on a port of this machine. Whoever answers it serves that protocol.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Greeting {
    port: u16,
    words: Vec<u8>,
}

impl Greeting {
    pub(super) fn new(port: u16, words: &[u8]) -> Self {
        Self { port, words: words.to_vec() }
    }

    pub(super) fn http(port: u16) -> Self {
        Self::new(port, b"GET / HTTP/1.0\r\n\r\n")
    }

    /// Whether anything at all comes back.
    pub(super) fn is_answered(&self) -> bool {
        self.answer().is_ok_and(|bytes| bytes > 0)
    }

    fn answer(&self) -> std::io::Result<usize> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.write_all(&self.words)?;
        connection.read(&mut [0; 64])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn only_an_answer_counts() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let greeting = Greeting::new(listener.local_addr().unwrap().port(), b"PING\r\n");
        let server = std::thread::spawn(move || {
            let (silent, _) = listener.accept().unwrap();
            drop(silent);
            let (mut polite, _) = listener.accept().unwrap();
            let mut words = [0; 6];
            polite.read_exact(&mut words).unwrap();
            polite.write_all(b"+PONG\r\n").unwrap();
            words
        });
        assert!(!greeting.is_answered(), "a closed connection is none");
        assert!(greeting.is_answered());
        assert_eq!(&server.join().unwrap(), b"PING\r\n");
        assert!(!greeting.is_answered(), "nobody listens");
    }
}
