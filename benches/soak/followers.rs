//! Followers: each reads every version in the order of the collection, and must see it once.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use crate::support::client::Client;
use crate::support::objects::{next_of, on_page};
use crate::support::stores::OBJECTS;
use crate::world::{World, key, random};

/// How a follower asks for what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// `next` as long as there is one, then `added_after`, as pullers do.
    Next,
    /// `added_after` of the last record only, as pollers do.
    AddedAfter,
}

/// What a follower saw.
pub(crate) struct Follower {
    way: Way,
    seen: HashSet<u64>,
    twins: u64,
    /// Whether it came to the end after the last write.
    finished: bool,
}

impl Follower {
    /// Follows until it stands at the end of a calm collection.
    pub(crate) fn follow(world: &World, way: Way) -> Self {
        let mut follower = Self { way, seen: HashSet::new(), twins: 0, finished: false };
        let (mut place, mut client) = (String::new(), None);
        while !world.has_ended() {
            // Asked before the page: what is written later is none of its business.
            let calm = world.is_calm();
            match follower.step(world, &mut client, &place) {
                Ok(Some(on)) => place = on,
                Ok(None) if calm => {
                    follower.finished = true;
                    break;
                }
                Ok(None) => std::thread::sleep(Duration::from_millis(50)),
                Err(error) => {
                    world.note_error("follower", &error);
                    client = None;
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        }
        follower
    }

    /// Reads the page at a place; returns the next place, or nothing if the page was empty.
    fn step(&mut self, world: &World, client: &mut Option<Client>, place: &str) -> io::Result<Option<String>> {
        let limit = 1 + random(1_000);
        if client.is_none() {
            *client = Some(world.connect()?);
        }
        let Some(client) = client.as_mut() else { return Ok(None) };
        let reply = client.get(&format!("{OBJECTS}?match[version]=all&limit={limit}{place}"))?;
        if reply.status != 200 {
            world.note_status("follower", reply.status);
            return Err(io::Error::other("no page"));
        }
        let objects = on_page(reply.body).map_err(io::Error::other)?;
        for (serial, version) in &objects {
            self.twins += u64::from(!self.seen.insert(key(*serial, *version)));
        }
        if objects.is_empty() {
            return Ok(None);
        }
        let cursor = next_of(reply.body).filter(|_| self.way == Way::Next);
        let last = || reply.header("x-taxii-date-added-last").ok_or_else(|| io::Error::other("a page without dates"));
        Ok(Some(match cursor {
            Some(next) => format!("&next={next}"),
            None => format!("&added_after={}", last()?),
        }))
    }

    /// Tells what became of what was acknowledged; whether all is well.
    pub(crate) fn report(&self, acknowledged: &[u64]) -> bool {
        let Self { way, seen, twins, finished } = self;
        let lost = acknowledged.iter().filter(|key| !seen.contains(key)).count();
        let unacknowledged = seen.len() - acknowledged.iter().collect::<HashSet<_>>().len() + lost;
        println!("follower by {way:?}: seen {}, twins {twins}, lost {lost}, stored though unacknowledged {unacknowledged}", seen.len());
        if !finished {
            println!("follower by {way:?}: did not come to the end");
        }
        lost == 0 && *twins == 0 && *finished
    }
}
