//! A future beside others in one task, which is left alone while they are woken.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use atomic_waker::AtomicWaker;
use pin_project_lite::pin_project;

pin_project! {
    /// Polls a future when that was woken itself, and not each time that its task was.
    ///
    /// The task that accepts connections wakes for each of them, and also waits for signals. To poll these takes
    /// locks.
    pub(crate) struct WhenWoken<F> {
        #[pin]
        future: F,
        alarm: Arc<Alarm>,
        waker: Waker,
    }
}

/// Notes that the future was woken, and wakes the task.
struct Alarm {
    has_rung: AtomicBool,
    task: AtomicWaker,
}

impl<F> WhenWoken<F> {
    pub(crate) fn new(future: F) -> Self {
        let alarm = Arc::new(Alarm { has_rung: AtomicBool::new(true), task: AtomicWaker::new() });
        WhenWoken { future, waker: Waker::from(Arc::clone(&alarm)), alarm }
    }
}

impl<F: Future> Future for WhenWoken<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Before the look: whoever rings after it wakes this task.
        this.alarm.task.register(cx.waker());
        if !this.alarm.has_rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        this.future.poll(&mut Context::from_waker(this.waker))
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        self.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn it_is_polled_first_and_after_it_was_woken() {
        let (tx, mut rx) = oneshot::channel();
        let mut polls = 0;
        let counted = std::future::poll_fn(|cx| {
            polls += 1;
            Pin::new(&mut rx).poll(cx)
        });
        let mut future = std::pin::pin!(WhenWoken::new(counted));
        for _ in 0..10 {
            tokio::select! {
                biased;
                _ = &mut future => panic!("nothing was sent"),
                () = tokio::task::yield_now() => {}
            }
        }
        let sender = tokio::spawn(async move { tx.send(7) });
        assert_eq!(future.await, Ok(7));
        assert_eq!(polls, 2);
        sender.await.unwrap().unwrap();
    }
}
