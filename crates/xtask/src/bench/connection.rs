//! HTTP/1.1 over one connection that is kept, as little of it as load needs.

use crate::failure::Failure;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than the server itself takes to give up.
const PATIENCE: Duration = Duration::from_secs(40);

/// A kept connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The cookie that is to be kept, without what is said of it.
    pub(crate) cookie: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The answer, given that it is one of success.
    pub(crate) fn success(self) -> Result<Self, Failure> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let said = String::from_utf8_lossy(&self.body);
        Err(Failure::new(format!("a request was answered by {}: {said}", self.status)))
    }
}

/// The headers of a message.
#[derive(Default)]
pub(crate) struct Head {
    pub(crate) first_line: String,
    pub(crate) cookie: Option<String>,
    pub(crate) length: usize,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::with_capacity(64 * 1024, stream) })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.stream.get_mut().write_all(request)?;
        let head = read_head(&mut self.stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = head.first_line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("the answer has no status"))?;
        let mut body = vec![0; head.length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, cookie: head.cookie, body })
    }
}

/// Reads up to the empty line; none when the other side has ended instead.
pub(crate) fn read_head(stream: &mut impl BufRead) -> io::Result<Option<Head>> {
    let mut head = Head::default();
    if stream.read_line(&mut head.first_line)? == 0 {
        return Ok(None);
    }
    let mut line = String::new();
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { return Ok(Some(head)) };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            head.length = value.parse().map_err(io::Error::other)?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(io::Error::other("the body is chunked, which is not read here"));
        } else if name.eq_ignore_ascii_case("set-cookie") {
            head.cookie = value.split(';').next().map(str::to_owned);
        }
    }
}

/// A request with its body, as it goes over the wire.
pub(crate) fn request(line: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{line} HTTP/1.1\r\nhost: muster\r\n");
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    if !body.is_empty() {
        text.push_str("content-type: application/json\r\n");
    }
    let _ = write!(text, "content-length: {}\r\n\r\n{body}", body.len());
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_to_its_end() {
        let mut bytes = &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nset-cookie: a=b; Path=/\r\n\r\nok"[..];
        let head = read_head(&mut bytes).unwrap().unwrap();
        assert_eq!(
            (head.first_line.as_str(), head.cookie.as_deref(), head.length),
            ("HTTP/1.1 200 OK\r\n", Some("a=b"), 2)
        );
        assert_eq!(bytes, b"ok");
        assert!(read_head(&mut &b""[..]).unwrap().is_none());
    }

    #[test]
    fn a_request_says_how_long_it_is() {
        let wire = request("POST /x", &[("cookie", "a=b")], "{}");
        let expected = "POST /x HTTP/1.1\r\nhost: muster\r\ncookie: a=b\r\ncontent-type: application/json\r\n\
                        content-length: 2\r\n\r\n{}";
        assert_eq!(String::from_utf8(wire).unwrap(), expected);
    }
}
