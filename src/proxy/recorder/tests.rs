//! What does the recorder let through, and for how long does it wait?

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::{sleep, timeout},
};

use super::*;

const PATIENCE: Patience =
    Patience { head: Duration::from_secs(30), idle: Duration::from_secs(120), body: Duration::from_secs(60) };
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// What hyper is shown of it.
const GET_SHOWN: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
const UPGRADE_SHOWN: &[u8] = b"GET / HTTP/1.1\r\nupgrade:x\r\n\r\n";

fn recorder() -> (DuplexStream, Recorder<DuplexStream>, Tape) {
    let (client, server) = duplex(64 * 1024);
    let (recorder, tape) = Recorder::new(server, Bytes::new(), HeadLimits { bytes: 8192, fields: 100 }, PATIENCE);
    (client, recorder, tape)
}

async fn read(recorder: &mut Recorder<DuplexStream>) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4096];
    let count = recorder.read(&mut bytes).await?;
    bytes.truncate(count);
    Ok(bytes)
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_for_its_answer_may_be_silent_for_hours() {
    let (mut client, mut recorder, tape) = recorder();
    client.write_all(GET).await.unwrap();
    assert_eq!(read(&mut recorder).await.unwrap(), GET_SHOWN);
    let hours = Duration::from_secs(10_000);
    assert!(timeout(hours, read(&mut recorder)).await.is_err(), "no answer yet");
    let answer = tape.answers();
    assert!(timeout(hours, read(&mut recorder)).await.is_err(), "half an answer");
    drop(answer);
    let ended = timeout(PATIENCE.idle * 2, read(&mut recorder)).await.expect("idle for too long");
    assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_an_idle_client_starts_when_its_answer_ends() {
    let (mut client, mut recorder, tape) = recorder();
    client.write_all(GET).await.unwrap();
    assert_eq!(read(&mut recorder).await.unwrap(), GET_SHOWN);
    let answer = tape.answers();
    // Whoever reads is not asked again but by a waker.
    let reading = tokio::spawn(async move { read(&mut recorder).await });
    sleep(Duration::from_secs(1)).await;
    drop(answer);
    let ended = timeout(PATIENCE.idle * 2, reading).await.expect("idle for too long").unwrap();
    assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_answered_in_the_end() {
    let (mut client, mut recorder, tape) = recorder();
    let drips = tokio::spawn(async move {
        for byte in GET {
            client.write_all(&[*byte]).await.unwrap();
            sleep(Duration::from_secs(10)).await;
        }
        client
    });
    assert_eq!(read(&mut recorder).await.unwrap(), STAND_IN);
    assert!(matches!(tape.next(), Some(Recorded::Refused(GrammarFault::TooSlow))));
    drips.abort();
}

#[tokio::test]
async fn pipelined_requests_come_one_by_one() {
    let (mut client, mut recorder, tape) = recorder();
    let post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
    client.write_all(&[GET, post, b"abc", GET].concat()).await.unwrap();
    let post_shown = b"POST / HTTP/1.1\r\ncontent-length:3\r\n\r\n";
    for expected in [GET_SHOWN, post_shown, b"abc", GET_SHOWN] {
        assert_eq!(read(&mut recorder).await.unwrap(), expected);
    }
    assert_eq!(std::iter::from_fn(|| tape.next()).count(), 3);
}

#[tokio::test]
async fn what_follows_an_upgrade_waits_for_the_word() {
    for is_switched in [true, false] {
        let (mut client, mut recorder, tape) = recorder();
        client.write_all(&[UPGRADE, GET].concat()).await.unwrap();
        assert_eq!(read(&mut recorder).await.unwrap(), UPGRADE_SHOWN);
        tape.next();
        if is_switched {
            tape.switch();
        } else {
            tape.resume();
        }
        let next = if is_switched { GET } else { GET_SHOWN };
        assert_eq!(read(&mut recorder).await.unwrap(), next);
        assert_eq!(tape.next().is_none(), is_switched, "in a tunnel nothing is recorded");
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_closed_client_is_not_taken_for_gone_at_once() {
    let (mut client, mut recorder, tape) = recorder();
    client.write_all(GET).await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(read(&mut recorder).await.unwrap(), GET_SHOWN);
    assert!(timeout(HALF_CLOSED / 2, read(&mut recorder)).await.is_err());
    let answer = tape.answers();
    assert!(timeout(HALF_CLOSED * 10, read(&mut recorder)).await.is_err(), "an answer under way is finished");
    drop(answer);
    assert_eq!(read(&mut recorder).await.unwrap(), b"");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_gone_is_noticed() {
    let (mut client, mut recorder, _tape) = recorder();
    client.write_all(GET).await.unwrap();
    drop(client);
    assert_eq!(read(&mut recorder).await.unwrap(), GET_SHOWN);
    assert_eq!(timeout(HALF_CLOSED * 2, read(&mut recorder)).await.expect("in time").unwrap(), b"");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_wants_is_read_for_a_moment() {
    let (mut client, mut recorder, _tape) = recorder();
    client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc").await.unwrap();
    read(&mut recorder).await.unwrap();
    let ending = tokio::spawn(async move { recorder.shutdown().await });
    client.write_all(&[b'x'; 60_000]).await.unwrap();
    client.write_all(&[b'x'; 30_000]).await.unwrap();
    timeout(Duration::from_secs(3), ending).await.expect("a moment, not longer").unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_rests_when_nothing_is_owed_and_all_has_gone_out() {
    let (mut client, mut recorder, tape) = recorder();
    client.write_all(GET).await.unwrap();
    assert_eq!(read(&mut recorder).await.unwrap(), GET_SHOWN);
    let is_resting = async |recorder: &mut Recorder<DuplexStream>| {
        assert!(timeout(REST_AFTER * 2, read(recorder)).await.is_err());
        recorder.flush().await.unwrap();
        tape.is_resting()
    };
    assert!(!is_resting(&mut recorder).await, "no answer yet");
    let answer = tape.answers();
    assert!(!is_resting(&mut recorder).await, "half an answer");
    drop(answer);
    assert!(timeout(REST_AFTER * 2, read(&mut recorder)).await.is_err());
    assert!(!tape.is_resting(), "something may have to go out");
    recorder.flush().await.unwrap();
    assert!(tape.is_resting());
}
