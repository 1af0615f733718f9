//! How much one caller may take in a minute, and all bodies together of the memory.
//!
//! The budgets are for scripts that have run wild, not for clients: a crawl that has begun is never broken off (Q25). So what is taken is
//! counted on every request, and what is left is asked only of one that begins something. That a budget can be overdrawn is also why
//! no rate limiter of others is used here: theirs refuse what does not fit, and cannot count what was handed out already.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::feed::access::Principal;
use crate::taxii::stamp::Stamp;

/// Shelves of accounts: requests of different callers seldom wait for each other.
const SHELVES: usize = 16;
/// Accounts on a shelf; whoever uses more addresses than all shelves hold gains a fresh budget, and no memory.
const MOST: usize = 8192;
/// A minute, in nanoseconds.
const MINUTE: u64 = 60_000_000_000;
/// Memory for bodies is counted in pieces of this many octets.
const PIECE: u64 = 1024;
/// After how many seconds there may be memory for a body again; they come and go within moments.
const RETRY: u64 = 2;

/// What an operator may set about this.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// Seconds that a client may take for the headers of its next request.
    pub header_seconds: u64,
    /// Seconds that a client may pause while it sends a body.
    pub body_idle_seconds: u64,
    /// Seconds that a client may leave an answer untouched.
    pub answer_idle_seconds: u64,
    /// Octets a second at which bodies come and answers are taken at least.
    pub least_pace: u64,
    /// Requests of one caller in a minute; 0: as many as it likes.
    pub requests_per_minute: u64,
    /// Objects that one caller is handed in a minute; 0: as many as it likes.
    pub objects_per_minute: u64,
    /// Octets of bodies that are held at once.
    pub body_memory: u64,
}

/// Why something is not done now, though it may be later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// The caller has used its budget up: 429.
    #[error("this is more than a caller may ask for in a minute; try again in {0} seconds")]
    Budget(u64),
    /// There is no memory for one more body: 503.
    #[error("too many bodies are being read at this moment; try again in {0} seconds")]
    Memory(u64),
}

/// How many objects an answer hands out; an extension of the response.
#[derive(Debug, Clone, Copy)]
pub struct Handed(pub usize);

/// The budgets of all callers, and the memory that their bodies share.
pub struct Limits {
    requests: Budget,
    objects: Budget,
    shelves: [Mutex<HashMap<u64, Account>>; SHELVES],
    hasher: RandomState,
    memory: Arc<Semaphore>,
}

/// So much in a minute.
#[derive(Debug, Clone, Copy)]
struct Budget(u64);

/// What a caller has taken.
#[derive(Debug, Default)]
struct Account {
    requests: Meter,
    objects: Meter,
}

/// When everything that was taken is earned back, in nanoseconds. A budget comes back evenly, so this one number is the whole account
/// (the generic cell rate algorithm).
#[derive(Debug, Default, Clone, Copy)]
struct Meter(u64);

/// Who pays: a keyed hash of the user's name or the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Payer(u64);

impl Budget {
    /// What so many cost, in nanoseconds.
    fn cost(self, many: usize) -> u64 {
        (many as u64).saturating_mul(MINUTE).checked_div(self.0).unwrap_or(0)
    }
}

impl Meter {
    /// Nanoseconds until one more at this cost is within the budget.
    fn wait(self, cost: u64, now: u64) -> u64 {
        (self.at(now) + cost).saturating_sub(now + MINUTE)
    }

    fn take(&mut self, cost: u64, now: u64) {
        *self = Self(self.at(now).saturating_add(cost));
    }

    /// No older than now, and no debt beyond one budget: whoever has crawled everything waits a minute, not a day. A clock that was set back
    /// makes nobody wait longer either.
    fn at(self, now: u64) -> u64 {
        self.0.clamp(now, now + 2 * MINUTE)
    }
}

impl Limits {
    /// Full budgets and free memory.
    pub fn new(options: &Options) -> Self {
        let memory = usize::try_from(options.body_memory.div_ceil(PIECE)).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self {
            requests: Budget(options.requests_per_minute),
            objects: Budget(options.objects_per_minute),
            shelves: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
            memory: Arc::new(Semaphore::new(memory)),
        }
    }

    fn payer(&self, principal: &Principal, address: IpAddr) -> Payer {
        Payer(match principal {
            Principal::User { name, .. } => self.hasher.hash_one((0, name)),
            Principal::Anonymous => self.hasher.hash_one((1, network(address))),
        })
    }

    /// Counts a request, unless it begins something and the budget is used up: `own` requests a minute, or as many as all have.
    fn admit(&self, who: Payer, own: Option<u32>, now: Stamp, goes_on: impl FnOnce() -> bool) -> Result<(), Busy> {
        let requests = own.map_or(self.requests, |own| Budget(own.into()));
        let now = now.0.saturating_mul(1000);
        let mut accounts = self.accounts(who);
        if accounts.len() >= MOST && !accounts.contains_key(&who.0) {
            make_room(&mut accounts, now);
        }
        let account = accounts.entry(who.0).or_default();
        // Also of who is refused: a debt from before the clock was set back would not shrink otherwise.
        (account.requests, account.objects) = (Meter(account.requests.at(now)), Meter(account.objects.at(now)));
        let wait = account.requests.wait(requests.cost(1), now).max(account.objects.wait(self.objects.cost(1), now));
        if wait > 0 && !goes_on() {
            return Err(Busy::Budget(wait.div_ceil(1_000_000_000)));
        }
        account.requests.take(requests.cost(1), now);
        Ok(())
    }

    /// Counts objects that were handed out.
    fn charge(&self, who: Payer, now: Stamp, objects: usize) {
        let mut accounts = self.accounts(who);
        accounts.entry(who.0).or_default().objects.take(self.objects.cost(objects), now.0.saturating_mul(1000));
    }

    fn accounts(&self, who: Payer) -> MutexGuard<'_, HashMap<u64, Account>> {
        let [low, ..] = who.0.to_le_bytes();
        self.shelves[usize::from(low) % SHELVES].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets who owes nothing, and everybody if that does not empty half of the shelf: so this is seldom needed.
fn make_room(accounts: &mut HashMap<u64, Account>, now: u64) {
    accounts.retain(|_, account| account.requests.0 > now || account.objects.0 > now);
    if accounts.len() > MOST / 2 {
        accounts.clear();
    }
}

/// Whoever has one address of IPv6 has its whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
        four @ IpAddr::V4(_) => four,
    }
}

/// One request from its first octet to its answer: who pays for it, and the memory that its body holds. An extension of the request.
#[derive(Clone)]
pub struct Visit(Arc<State>);

struct State {
    limits: Arc<Limits>,
    /// Who pays, and since when: set when it is known who calls.
    payer: OnceLock<(Payer, Stamp)>,
    memory: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Visit {
    /// A request of which nothing is known yet.
    pub fn new(limits: Arc<Limits>) -> Self {
        Self(Arc::new(State { limits, payer: OnceLock::new(), memory: Mutex::default() }))
    }

    /// Lets the request in and writes down who pays for it. `own` is its budget of requests a minute, if it has another than all; `goes_on` tells whether
    /// it is part of something that was begun earlier.
    pub fn admit(&self, principal: &Principal, own: Option<u32>, address: IpAddr, now: Stamp, goes_on: impl FnOnce() -> bool) -> Result<(), Busy> {
        let payer = self.0.limits.payer(principal, address);
        match self.0.payer.set((payer, now)) {
            Ok(()) => self.0.limits.admit(payer, own, now, goes_on),
            // It was let in already.
            Err(_) => Ok(()),
        }
    }

    /// Holds memory for this many octets of the body altogether, until the request is answered.
    pub fn hold(&self, octets: usize) -> Result<(), Busy> {
        let mut held = self.0.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let pieces = (octets as u64).div_ceil(PIECE).saturating_sub(held.as_ref().map_or(0, |held| held.num_permits() as u64));
        let more = u32::try_from(pieces).ok().and_then(|pieces| self.0.limits.memory.clone().try_acquire_many_owned(pieces).ok());
        let more = more.ok_or(Busy::Memory(RETRY))?;
        match &mut *held {
            Some(held) => held.merge(more),
            None => *held = Some(more),
        }
        Ok(())
    }

    /// Lets the memory go.
    pub fn let_go(&self) {
        *self.0.memory.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Counts what was handed out and lets the memory go, now that the answer is ready.
    pub fn answered(&self, handed: Option<Handed>) {
        self.let_go();
        if let (Some(Handed(objects)), Some((payer, now))) = (handed, self.0.payer.get()) {
            self.0.limits.charge(*payer, *now, objects);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Stamp = Stamp(1_714_564_800_000_000);
    const SECOND: u64 = 1_000_000;

    fn limits(requests_per_minute: u64, objects_per_minute: u64, body_memory: u64) -> Arc<Limits> {
        Arc::new(Limits::new(&Options {
            connections: 1,
            header_seconds: 1,
            body_idle_seconds: 1,
            answer_idle_seconds: 1,
            least_pace: 1,
            requests_per_minute,
            objects_per_minute,
            body_memory,
        }))
    }

    fn ask(limits: &Limits, caller: u64, now: Stamp) -> Result<(), Busy> {
        limits.admit(Payer(caller), None, now, || false)
    }

    #[test]
    fn a_partner_may_have_a_budget_of_its_own() {
        let limits = limits(60, 0, 1 << 20);
        let ask = |own| limits.admit(Payer(7), own, NOW, || false);
        assert_eq!((ask(Some(2)), ask(Some(2))), (Ok(()), Ok(())));
        assert!(ask(Some(2)).is_err());
        let other = |own| limits.admit(Payer(8), own, NOW, || false);
        assert!((0..600).all(|_| other(Some(0)).is_ok()), "no bound at all");
    }

    #[test]
    fn a_budget_is_spent_and_comes_back_evenly() {
        let limits = limits(3, 0, 0);
        (0..3).for_each(|_| assert_eq!(ask(&limits, 1, NOW), Ok(())));
        assert_eq!(ask(&limits, 1, NOW), Err(Busy::Budget(20)));
        assert_eq!(ask(&limits, 2, NOW), Ok(()), "nobody else is refused");
        assert_eq!(ask(&limits, 1, Stamp(NOW.0 + 5 * SECOND)), Err(Busy::Budget(15)));
        assert_eq!(ask(&limits, 1, Stamp(NOW.0 + 20 * SECOND)), Ok(()), "after the time that was told");
        assert_eq!(ask(&limits, 1, Stamp(NOW.0 + 20 * SECOND)), Err(Busy::Budget(20)));
    }

    #[test]
    fn q25_what_has_begun_goes_on_and_overdraws_by_a_minute_at_most() {
        let limits = limits(2, 100, 0);
        for _ in 0..50 {
            assert_eq!(limits.admit(Payer(1), None, NOW, || true), Ok(()));
            limits.charge(Payer(1), NOW, 1000);
        }
        assert!(matches!(ask(&limits, 1, NOW), Err(Busy::Budget(60..=90))));
        assert_eq!(ask(&limits, 1, Stamp(NOW.0 + 90 * SECOND)), Ok(()));
    }

    #[test]
    fn objects_are_a_budget_of_their_own() {
        let limits = limits(0, 100, 0);
        assert_eq!(ask(&limits, 1, NOW), Ok(()));
        limits.charge(Payer(1), NOW, 99);
        assert_eq!(ask(&limits, 1, NOW), Ok(()));
        limits.charge(Payer(1), NOW, 11);
        assert_eq!(ask(&limits, 1, NOW), Err(Busy::Budget(7)));
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let limits = limits(2, 0, 0);
        (0..2).for_each(|_| assert_eq!(ask(&limits, 1, NOW), Ok(())));
        let earlier = Stamp(NOW.0 - 3600 * SECOND);
        assert_eq!(ask(&limits, 1, earlier), Err(Busy::Budget(90)));
        assert_eq!(ask(&limits, 1, Stamp(earlier.0 + 90 * SECOND)), Ok(()));
    }

    #[test]
    fn many_addresses_take_no_more_memory() {
        let limits = limits(1, 0, 0);
        for caller in 0..(SHELVES * MOST) as u64 * 2 {
            let _ = ask(&limits, caller, NOW);
        }
        assert!(limits.shelves.iter().all(|shelf| shelf.lock().unwrap().len() <= MOST));
    }

    #[test]
    fn the_anonymous_are_told_apart_by_network_and_users_by_name() {
        let limits = limits(1, 1, 0);
        let anonymous = |address: &str| limits.payer(&Principal::Anonymous, address.parse().unwrap());
        assert_eq!(anonymous("2001:db8::1"), anonymous("2001:db8::ffff"));
        assert_ne!(anonymous("2001:db8::1"), anonymous("2001:db8:0:1::1"));
        assert_eq!(anonymous("192.0.2.1"), anonymous("::ffff:192.0.2.1"));
        assert_ne!(anonymous("192.0.2.1"), anonymous("192.0.2.2"));
        let user = |name: &str| Principal::User { name: name.into(), admin: false, clearance: crate::stix::marking::Level::Clear, partner: None };
        let (here, there) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        assert_eq!(limits.payer(&user("ann"), here), limits.payer(&user("ann"), there));
        assert_ne!(limits.payer(&user("ann"), here), limits.payer(&user("bob"), here));
    }

    #[test]
    fn memory_is_held_until_the_answer_and_never_beyond_the_limit() {
        let limits = limits(0, 0, 10 * PIECE);
        let (one, two) = (Visit::new(limits.clone()), Visit::new(limits.clone()));
        let piece = usize::try_from(PIECE).unwrap();
        assert_eq!(one.hold(4 * piece), Ok(()));
        assert_eq!(one.hold(6 * piece), Ok(()), "six altogether");
        assert_eq!(two.hold(5 * piece), Err(Busy::Memory(RETRY)));
        assert_eq!(two.hold(4 * piece), Ok(()));
        assert_eq!(one.hold(6 * piece + 1), Err(Busy::Memory(RETRY)));
        one.answered(None);
        assert_eq!(two.hold(10 * piece), Ok(()));
        drop(two);
        assert_eq!(limits.memory.available_permits(), 10);
    }
}
