//! A channel within one thread that holds one item. Each live connection has one, so it is small.

use std::{
    cell::RefCell,
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll, Waker},
};

struct Slot<T> {
    item: Option<T>,
    /// Whether one of the two ends is gone.
    is_closed: bool,
    sender: Option<Waker>,
    receiver: Option<Waker>,
}

impl<T> Slot<T> {
    fn wake_sender(&mut self) {
        if let Some(waker) = self.sender.take() {
            waker.wake();
        }
    }

    fn wake_receiver(&mut self) {
        if let Some(waker) = self.receiver.take() {
            waker.wake();
        }
    }
}

/// The end that sends. It waits for one thing at a time.
pub struct Sender<T>(Rc<RefCell<Slot<T>>>);

/// The end that receives.
pub struct Receiver<T>(Rc<RefCell<Slot<T>>>);

/// Creates a channel.
pub fn slot<T>() -> (Sender<T>, Receiver<T>) {
    let slot = Rc::new(RefCell::new(Slot { item: None, is_closed: false, sender: None, receiver: None }));
    (Sender(slot.clone()), Receiver(slot))
}

impl<T> Sender<T> {
    /// Sends an item, as soon as the previous one is received. Returns `false` if the receiver is gone.
    pub async fn send(&self, item: T) -> bool {
        let mut item = Some(item);
        poll_fn(|context| {
            let mut slot = self.0.borrow_mut();
            if slot.is_closed {
                return Poll::Ready(false);
            }
            if slot.item.is_some() {
                slot.sender = Some(context.waker().clone());
                return Poll::Pending;
            }
            slot.item = item.take();
            slot.wake_receiver();
            Poll::Ready(true)
        })
        .await
    }

    /// Waits until the receiver is gone.
    pub async fn closed(&self) {
        poll_fn(|context| {
            let mut slot = self.0.borrow_mut();
            if slot.is_closed {
                return Poll::Ready(());
            }
            slot.sender = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut slot = self.0.borrow_mut();
        slot.is_closed = true;
        slot.wake_receiver();
    }
}

impl<T> Receiver<T> {
    /// Receives the next item; `None` if the sender is gone.
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut slot = self.0.borrow_mut();
        if let Some(item) = slot.item.take() {
            slot.wake_sender();
            return Poll::Ready(Some(item));
        }
        if slot.is_closed {
            return Poll::Ready(None);
        }
        slot.receiver = Some(context.waker().clone());
        Poll::Pending
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut slot = self.0.borrow_mut();
        slot.is_closed = true;
        slot.wake_sender();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, future::join};

    use super::*;

    async fn recv<T>(receiver: &mut Receiver<T>) -> Option<T> {
        poll_fn(|context| receiver.poll_recv(context)).await
    }

    #[tokio::test]
    async fn items_arrive_in_order_one_at_a_time() {
        let (sender, mut receiver) = slot();
        assert!(recv(&mut receiver).now_or_never().is_none());
        assert!(sender.send(1).await);
        assert!(sender.send(2).now_or_never().is_none(), "the first one is not received yet");
        let send = async {
            for item in 3..100 {
                assert!(sender.send(item).await);
            }
            drop(sender);
        };
        let receive = async {
            let mut items = Vec::new();
            while let Some(item) = recv(&mut receiver).await {
                items.push(item);
            }
            items
        };
        let ((), items) = join(send, receive).await;
        assert!(items.into_iter().eq([1].into_iter().chain(3..100)));
    }

    #[tokio::test]
    async fn each_end_notices_that_the_other_one_is_gone() {
        let (sender, receiver) = slot();
        assert!(sender.closed().now_or_never().is_none());
        let (closed, ()) = join(sender.closed(), async { drop(receiver) }).await;
        assert_eq!((closed, sender.send(1).await), ((), false));
        let (sender, mut receiver) = slot::<u8>();
        let (last, ()) = join(recv(&mut receiver), async { drop(sender) }).await;
        assert_eq!(last, None);
    }

    #[tokio::test]
    async fn last_item_arrives_after_its_sender_is_gone() {
        let (sender, mut receiver) = slot();
        assert!(sender.send(1).await);
        drop(sender);
        assert_eq!((recv(&mut receiver).await, recv(&mut receiver).await), (Some(1), None));
    }
}
