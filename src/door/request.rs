//! Which request is being answered: the id that its answer, its failure and the log have in common, and who makes it.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderName, HeaderValue};
use tokio::task_local;
use uuid::Uuid;

use crate::store::audit::{Act, Through, Verb};
use crate::taxii::stamp::Stamp;

/// The header that carries the id.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken from a proxy.
const LONGEST: usize = 64;
/// An odd number far from all small ones: its multiples meet every number of 64 bits once, and neighbours look nothing alike.
const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

task_local! {
    static CURRENT: Current;
}

/// The request that this task answers.
struct Current {
    id: RequestId,
    caller: RefCell<Option<(String, IpAddr)>>,
    collection: Cell<Option<Uuid>>,
}

/// A request that has been answered.
#[derive(Debug)]
pub struct Asked {
    /// Its id.
    pub id: RequestId,
    /// Who made it, if that was found out.
    pub user: Option<String>,
    /// The collection that it was about, if the caller may know of that.
    pub collection: Option<Uuid>,
}

/// The id of a request, in the form of a header.
#[derive(Debug, Clone)]
pub struct RequestId(HeaderValue);

/// Gives ids that no other request of this server has.
#[derive(Debug)]
pub struct Ids(AtomicU64);

impl RequestId {
    /// The id that a proxy gave, if it is short and plain enough to stand in headers, bodies and logs.
    pub fn given(value: &HeaderValue) -> Option<Self> {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        let fit = (1..=LONGEST).contains(&value.len()) && value.as_bytes().iter().all(plain);
        fit.then(|| Self(value.clone()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// The id as the value of [`HEADER`].
    pub fn into_header(self) -> HeaderValue {
        self.0
    }
}

impl Ids {
    /// Begins anywhere, so that the ids after a restart are others.
    pub fn new() -> Result<Self, getrandom::Error> {
        Ok(Self(AtomicU64::new(getrandom::u64()?)))
    }

    /// The next id.
    pub fn next(&self) -> RequestId {
        let number = self.0.fetch_add(STRIDE, Ordering::Relaxed);
        let mut text = [b'0'; 16];
        // Sixteen digits are what eight octets need, and digits are fit for a header.
        let written = hex::encode_to_slice(number.to_be_bytes(), &mut text).ok().and_then(|()| HeaderValue::from_bytes(&text).ok());
        RequestId(written.unwrap_or_else(|| HeaderValue::from_static("0")))
    }
}

/// Answers a request under its id.
pub async fn answer<F: Future>(id: RequestId, work: F) -> (F::Output, Asked) {
    let kept = id.clone();
    let whole = async {
        let answer = work.await;
        (answer, CURRENT.with(|current| (current.caller.take(), current.collection.get())))
    };
    let (answer, (caller, collection)) = CURRENT.scope(Current { id, caller: RefCell::default(), collection: Cell::default() }, whole).await;
    (answer, Asked { id: kept, user: caller.map(|(user, _)| user), collection })
}

/// The id of the request that is being answered; `None` outside of one.
pub fn id() -> Option<String> {
    CURRENT.try_with(|current| current.id.as_str().to_owned()).ok()
}

/// Notes who makes the request that is being answered, and from where.
pub fn is_of(user: &str, address: IpAddr) {
    // Outside of a request there is nothing to note it in.
    let _ = CURRENT.try_with(|current| current.caller.replace(Some((user.to_owned(), address))));
}

/// Notes the collection that the request that is being answered is about.
pub fn is_about(collection: Uuid) {
    let _ = CURRENT.try_with(|current| current.collection.set(Some(collection)));
}

/// What the audit log is told of the request that is being answered; outside of one the program itself does it.
pub fn act(through: Through, verb: Verb, at: Stamp) -> Act {
    let told = CURRENT.try_with(|current| {
        let (who, from) = current.caller.borrow().clone().unzip();
        let who = who.unwrap_or_else(|| "anonymous".into());
        Act { at, who, from, through, request: Some(current.id.as_str().to_owned()), verb, import: None, note: None }
    });
    told.unwrap_or_else(|_| Act::of_program(verb, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_and_plain_ids_are_taken() {
        let given = |text: &str| RequestId::given(&HeaderValue::from_bytes(text.as_bytes()).unwrap()).is_some();
        assert!(given("a") && given("7f4a7c15-9E37_79b9.1") && given(&"x".repeat(LONGEST)));
        for bad in ["", "a b", "a\"b", "ä", "a\tb", "<script>", &"x".repeat(LONGEST + 1)] {
            assert!(!given(bad), "{bad}");
        }
    }

    #[test]
    fn every_fresh_id_is_another_of_sixteen_digits() {
        let ids = Ids::new().unwrap();
        let (one, two) = (ids.next(), ids.next());
        assert_ne!(one.as_str(), two.as_str());
        assert!([one, two].iter().all(|id| id.as_str().len() == 16 && RequestId::given(&id.0).is_some()));
    }

    #[tokio::test]
    async fn a_failure_knows_its_request_and_the_request_its_user() {
        assert_eq!(id(), None);
        let request = RequestId(HeaderValue::from_static("abc"));
        let address = IpAddr::from([192, 0, 2, 1]);
        let work = async {
            is_of("ann", address);
            is_about(Uuid::from_u128(7));
            tokio::task::yield_now().await;
            act(Through::Taxii, Verb::Post, Stamp(7))
        };
        let (act_inside, asked) = answer(request, work).await;
        assert_eq!((act_inside.who.as_str(), act_inside.from, act_inside.request.as_deref()), ("ann", Some(address), Some("abc")));
        assert_eq!((asked.id.as_str(), asked.user.as_deref(), asked.collection), ("abc", Some("ann"), Some(Uuid::from_u128(7))));
        assert_eq!(act(Through::Taxii, Verb::Post, Stamp(7)), Act::of_program(Verb::Post, Stamp(7)));
        assert_eq!(id(), None);
    }
}
