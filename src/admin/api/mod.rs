//! What can be asked for, and in which form?
//!
//! One file for each kind of question. Questions to the index run on threads of their own, a few at a time, and are
//! interrupted when they take too long.

mod exchanges;
mod health;
mod lists;
mod query;
mod rules;
mod stream;
mod summary;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::Extension,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
    time::timeout,
};

use super::{Sources, login::Login, reply::Fault, server::Peer};
use crate::sink::index::Reader;

/// Questions that are asked of the index at once.
pub const QUESTIONS: usize = 4;
/// Who may watch at once.
pub const WATCHERS: usize = 32;
/// How long a question may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long is looked for what is asked for, before what was found is answered.
const SEARCH: Duration = Duration::from_secs(2);

/// What every question needs. Clones share it.
#[derive(Clone)]
pub struct Desk {
    sources: Arc<Sources>,
    readers: Arc<Mutex<Vec<Reader>>>,
    questions: Arc<Semaphore>,
    watchers: Arc<AtomicUsize>,
    ends: watch::Receiver<bool>,
}

/// Everything that is answered.
pub fn router(desk: Desk, login: Option<Arc<Login>>) -> Router {
    let login = post(move |peer, body| enter(login, peer, body)).get(super::server::page);
    Router::new()
        .route("/api/v1/summary", get(summary::summary))
        .route("/api/v1/timeline", get(summary::timeline))
        .route("/api/v1/counts", get(summary::counts))
        .route("/api/v1/exchanges", get(exchanges::list))
        .route("/api/v1/exchanges/{id}", get(exchanges::one))
        .route("/api/v1/rules", get(rules::list).post(rules::save))
        .route("/api/v1/rules/draft", post(rules::draft))
        .route("/api/v1/passed", get(lists::passed))
        .route("/api/v1/passed/forget", post(lists::forget))
        .route("/api/v1/alerts", get(lists::alerts))
        .route("/api/v1/health", get(health::health))
        .route("/api/v1/stream", get(stream::stream))
        .route("/metrics", get(health::metrics))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/login", login)
        .method_not_allowed_fallback(async || Fault(StatusCode::METHOD_NOT_ALLOWED, "not in this way".into()))
        .with_state(desk)
}

/// Whether anybody may ask for it: what says no more than that somebody is there.
pub fn is_open(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

impl Desk {
    /// Over these sources, until the end.
    pub fn new(sources: Sources, ends: watch::Receiver<bool>) -> Self {
        Self {
            sources: Arc::new(sources),
            readers: Arc::default(),
            questions: Arc::new(Semaphore::new(QUESTIONS)),
            watchers: Arc::default(),
            ends,
        }
    }

    /// Asks the index.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Reader, Instant) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let busy = || Fault(StatusCode::SERVICE_UNAVAILABLE, "too many questions at once; ask again".into());
        let turn = timeout(PATIENCE, Arc::clone(&self.questions).acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or_else(busy)?;
        let mut reader = self.reader()?;
        let interrupt = reader.interrupt_handle();
        let readers = Arc::clone(&self.readers);
        let mut asking = spawn_blocking(move || {
            let answer = question(&mut reader, Instant::now() + SEARCH);
            reader.rest();
            readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
            drop(turn);
            answer
        });
        let answer = match timeout(PATIENCE, &mut asking).await {
            Ok(answer) => answer,
            Err(_) => {
                interrupt.interrupt();
                asking.await
            }
        };
        answer.map_err(|error| broken(&error))?.map_err(|error| broken(&error))
    }

    /// One that is at rest, or a new one.
    fn reader(&self) -> Result<Reader, Fault> {
        let generation = self.sources.index.generation();
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|reader| reader.generation() == generation);
        if let Some(reader) = readers.pop() {
            return Ok(reader);
        }
        self.sources.index.reader().map_err(|error| {
            Fault(StatusCode::SERVICE_UNAVAILABLE, format!("there is no index of the event log (yet): {error}"))
        })
    }

    /// Does what reads or writes files, where it keeps nobody waiting.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce(&Sources) -> T + Send + 'static) -> Result<T, Fault> {
        let sources = Arc::clone(&self.sources);
        spawn_blocking(move || work(&sources)).await.map_err(|error| broken(&error))
    }

    fn watching(&self) -> usize {
        self.watchers.load(Ordering::Relaxed)
    }
}

fn broken(error: &dyn std::fmt::Display) -> Fault {
    tracing::warn!("live view: {error}");
    Fault(StatusCode::SERVICE_UNAVAILABLE, format!("the index does not answer: {error}"))
}

/// The token, from a form.
async fn enter(
    login: Option<Arc<Login>>,
    Extension(Peer(peer)): Extension<Peer>,
    body: Bytes,
) -> Result<Response, Fault> {
    let Some(login) = login else { return Ok(Redirect::to("/").into_response()) };
    let token = form_urlencoded::parse(&body).find(|(key, _)| key == "token").map(|(_, value)| value);
    login.shown(peer.ip(), token.unwrap_or_default().trim())?;
    let mut response = Redirect::to("/").into_response();
    if let Ok(cookie) = HeaderValue::from_str(&login.cookie()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
