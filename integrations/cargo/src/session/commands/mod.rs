//! Commands from elsewhere, such as `cargo devserver wait`. `answers` says what they ask for and when
//! they are answered; `waiters` are those that wait.

mod answers;
pub(super) mod waiters;
