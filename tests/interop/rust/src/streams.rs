//! The streams that tests/interop/go/streams.go has too.

use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{PeerId, Stream, StreamProtocol};
use libp2p_stream::Control;
use serde_json::json;

use crate::say;

/// Sent back as it comes.
pub const ECHO: StreamProtocol = StreamProtocol::new("/ohcn-test/echo/1");

/// The answering side says at once that it will write nothing, reads to the
/// end and tells the number of bytes: half-closed the other way round.
pub const DRAIN: StreamProtocol = StreamProtocol::new("/ohcn-test/drain/1");

/// The byte at a place of what an echo client sends.
fn pattern(at: u64) -> u8 {
    (at.wrapping_mul(31).wrapping_add(at >> 11)) as u8
}

async fn pause(slow: bool) {
    if slow {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

pub fn serve(mut control: Control, slow: bool) {
    let mut echoes = control.accept(ECHO).expect("not yet taken");
    let mut drains = control.accept(DRAIN).expect("not yet taken");
    tokio::spawn(async move {
        while let Some((_, stream)) = echoes.next().await {
            tokio::spawn(echo(stream, slow));
        }
    });
    tokio::spawn(async move {
        while let Some((peer, stream)) = drains.next().await {
            tokio::spawn(drain(peer, stream));
        }
    });
}

async fn echo(mut stream: Stream, slow: bool) {
    let mut buf = vec![0; 65536];
    let mut count = 0;
    loop {
        pause(slow).await;
        let failed = match stream.read(&mut buf).await {
            Ok(0) => {
                let _ = stream.close().await;
                return;
            }
            Ok(n) => {
                count += n;
                stream.write_all(&buf[..n]).await.err()
            }
            Err(e) => Some(e),
        };
        if let Some(e) = failed {
            say(json!({"event": "gone", "bytes": count, "why": e.to_string()}));
            return;
        }
    }
}

async fn drain(peer: PeerId, mut stream: Stream) {
    let mut buf = vec![0; 65536];
    let mut count = 0;
    let mut good = stream.close().await.is_ok();
    loop {
        match stream.read(&mut buf).await {
            Ok(0) => break,
            Ok(n) => count += n,
            Err(_) => {
                good = false;
                break;
            }
        }
    }
    say(json!({"event": "drained", "peer": peer.to_string(), "bytes": count, "good": good}));
}

/// Sends bytes, closes for writing, reads to the end.
pub async fn send(mut control: Control, to: PeerId, kind: StreamProtocol, bytes: u64, slow: bool) {
    let what = if kind == ECHO { "echo" } else { "drain" };
    let want = if kind == ECHO { bytes } else { 0 };
    let stream = match control.open_stream(to, kind).await {
        Ok(stream) => stream,
        Err(e) => {
            say(json!({"event": what, "bytes": 0, "good": false, "why": e.to_string()}));
            return;
        }
    };
    let (mut reader, mut writer) = stream.split();
    let sending = async {
        let mut at = 0;
        while at < bytes {
            let n = (bytes - at).min(65536);
            let part: Vec<u8> = (at..at + n).map(pattern).collect();
            writer.write_all(&part).await?;
            at += n;
        }
        writer.close().await
    };
    let reading = async {
        let mut buf = vec![0; 65536];
        let mut count = 0u64;
        let mut wrong = false;
        loop {
            pause(slow).await;
            match reader.read(&mut buf).await? {
                0 => return Ok::<_, std::io::Error>((count, wrong)),
                n => {
                    for (i, b) in buf[..n].iter().enumerate() {
                        wrong = wrong || *b != pattern(count + i as u64);
                    }
                    count += n as u64;
                }
            }
        }
    };
    let (sent, read) = futures::join!(sending, reading);
    let (count, wrong) = read.as_ref().map_or((0, true), |r| *r);
    let why = [sent.as_ref().err(), read.as_ref().err()]
        .iter()
        .flatten()
        .map(|e| e.to_string())
        .collect::<Vec<_>>();
    say(json!({"event": what, "bytes": count, "why": why,
        "good": sent.is_ok() && !wrong && count == want}));
}

/// Opens an echo stream, sends something and drops it: rust resets then.
pub async fn reset(mut control: Control, to: PeerId) {
    if let Ok(mut stream) = control.open_stream(to, ECHO).await {
        let _ = stream.write_all(&[0; 100_000]).await;
    }
}
