//! The client's end of the socket.

use std::io;
use std::path::Path;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::control::protocol::{Answer, LONGEST_ANSWER, Request, line};
use crate::control::socket::connect;

/// Sends a request to a devserver, and waits for its answer; after [`Request::Stop`], for its end.
///
/// # Errors
///
/// `ConnectionRefused` or `NotFound` when no devserver listens, `UnexpectedEof` when it ends before
/// it answers, `PermissionDenied` when it is another user's.
pub(super) async fn ask(address: &Path, request: Request) -> io::Result<Answer<Value>> {
    let mut stream = connect(address).await?;
    stream.write_all(&line(&request)).await?;
    let mut stream = BufReader::new(stream.take(LONGEST_ANSWER));
    let mut text = Vec::new();
    stream.read_until(b'\n', &mut text).await?;
    if text.last() != Some(&b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let answer = serde_json::from_slice(&text)?;
    if request == Request::Stop {
        stream.read_to_end(&mut Vec::new()).await?;
    }
    Ok(answer)
}
