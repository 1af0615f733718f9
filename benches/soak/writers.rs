//! Writers: fresh objects and new versions of their own, each remembered when its 202 is there.

use std::time::Duration;

use crate::support::client::Client;
use crate::support::objects;
use crate::support::stores::OBJECTS;
use crate::world::{World, key, random};

/// Each writer has serial numbers of its own.
const APART: u64 = 1 << 32;
/// The most objects of an envelope.
const LARGEST: u64 = 100;
/// The longest pause between two envelopes: about 300 objects a second come from four writers, so that an hour fits on a disk.
const PAUSE: u64 = 1_300;

/// Writes until the run is to be quiet.
pub(crate) fn write(world: &World, number: u64) {
    let mut writer = Writer { world, first: number * APART, versions: Vec::new(), client: None };
    while !world.is_quiet() {
        let envelope = writer.compose();
        // A client that was not answered does not know. Half of them ask again, as it is safe; the others never come back to it.
        let mut sent = writer.send(&envelope);
        while sent.is_none() && random(2) == 0 && !world.is_quiet() {
            world.pause(Duration::from_millis(300));
            sent = writer.send(&envelope);
        }
        if sent == Some(true) {
            world.acknowledge(envelope.iter().map(|(serial, version)| key(*serial, *version)));
        }
        world.rest(Duration::from_millis(random(PAUSE)));
    }
}

struct Writer<'a> {
    world: &'a World,
    /// Its first serial number.
    first: u64,
    /// The last version of each of its objects that it ever sent.
    versions: Vec<u64>,
    client: Option<Client>,
}

impl Writer<'_> {
    /// Fresh objects, and now and then a new version of an old one.
    fn compose(&mut self) -> Vec<(u64, u64)> {
        let mut envelope = Vec::new();
        for _ in 0..=random(LARGEST) {
            let known = self.versions.len() as u64;
            let at = if known > 0 && random(10) == 0 { random(known) } else { known };
            let place = usize::try_from(at).expect("it is in a list");
            match self.versions.get_mut(place) {
                Some(version) => *version += 1,
                None => self.versions.push(0),
            }
            envelope.push((self.first + at, self.versions[place]));
        }
        envelope
    }

    /// Whether it was taken; nothing if no answer came.
    fn send(&mut self, envelope: &[(u64, u64)]) -> Option<bool> {
        let body = objects::envelope(envelope.iter().copied());
        let sent = match self.client.take().map_or_else(|| self.world.connect(), Ok) {
            Ok(mut client) => {
                let told = client.post(OBJECTS, &body).map(|reply| (reply.status, String::from_utf8_lossy(reply.body).into_owned()));
                self.client = told.is_ok().then_some(client);
                told
            }
            Err(error) => Err(error),
        };
        match sent {
            Ok((status, text)) => {
                self.world.note_status("writer", status);
                let taken = status == 202 && text.contains(&format!(r#""success_count":{}"#, envelope.len()));
                if !taken && status < 400 {
                    self.world.note("writer: an object was refused".into());
                }
                Some(taken)
            }
            Err(error) => {
                self.world.note_error("writer", &error);
                None
            }
        }
    }
}
