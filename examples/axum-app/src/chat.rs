//! The conversation, over WebSockets.

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use axum_listenfd::{Drain, DrainToken};
use tokio::sync::broadcast::error::RecvError;

use crate::room::Room;

pub(crate) async fn join(
    upgrade: WebSocketUpgrade,
    State(room): State<Room>,
    Drain(drain): Drain,
) -> Response {
    upgrade.on_upgrade(async move |mut socket| {
        room.people.send_modify(|people| *people += 1);
        if let Some(goodbye) = talk(&mut socket, &room, &drain).await {
            // The client may be gone, which is fine.
            let _ = socket.send(Message::Close(Some(goodbye))).await;
        }
        room.people.send_modify(|people| *people -= 1);
    })
}

/// Passes messages on in both directions. Returns a close frame when the server ends the conversation.
async fn talk(socket: &mut WebSocket, room: &Room, drain: &DrainToken) -> Option<CloseFrame> {
    let mut messages = room.messages.subscribe();
    loop {
        tokio::select! {
            said = socket.recv() => match said {
                // This client gets its own message, too, by its subscription.
                Some(Ok(Message::Text(text))) => drop(room.messages.send(text.to_string())),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            },
            message = messages.recv() => match message {
                Ok(text) => socket.send(Message::from(text)).await.ok()?,
                // A slow client misses messages.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            },
            () = drain.draining() => {
                return Some(CloseFrame { code: close_code::RESTART, reason: "restart".into() });
            }
        }
    }
}
