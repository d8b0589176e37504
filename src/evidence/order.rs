//! Before a revocation or after it: told by the order of the events, which is proved, where the
//! workspace's own chain knows it, and not by a clock that anybody can set.

use std::collections::HashMap;

use super::chain::{Event, Kind};
use super::check::Story;

/// An interview's events beside those of the workspace's own chain, which notes some of them.
pub struct Order<'a> {
    own: &'a [Event],
    /// Events that were noted: their number in the own chain, and in the interview's.
    noted: Vec<(u64, u64)>,
}

impl<'a> Order<'a> {
    /// The workspace's own events, and an interview.
    pub fn of(own: &'a [Event], interview: &str, story: &Story) -> Self {
        let events = story.events.iter();
        let places: HashMap<&str, u64> = events.map(|e| (e.hash.as_str(), e.number)).collect();
        let of_it = own
            .iter()
            .filter(|e| e.fact("interview") == Some(interview));
        let noted = of_it.filter_map(|note| {
            let place = places.get(note.fact("head")?)?;
            Some((note.number, *place))
        });
        let noted = noted.collect();
        Self { own, noted }
    }

    /// Whether a signed event came before its key was revoked; `None` where nobody noted an event that
    /// tells, or where the key was not revoked.
    pub fn before_revocation(&self, event: &Event) -> Option<bool> {
        let key = event.signed.as_ref()?.key.as_str();
        let revokes =
            |e: &&Event| e.kind == Kind::KeyRevoked.as_str() && e.fact("key") == Some(key);
        let revoked = self.own.iter().find(revokes)?.number;
        let late = |(own, number): &(u64, u64)| *number <= event.number && *own > revoked;
        if self.noted.iter().any(late) {
            return Some(false);
        }
        let early = |(own, number): &(u64, u64)| *number >= event.number && *own < revoked;
        self.noted.iter().any(early).then_some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{BEGIN, Draft, Link, Role, SecretKey, Sign as _, WORKSPACE, read};

    fn add(links: &mut Vec<Link>, subject: &str, draft: &Draft<'_>) -> String {
        let previous = links.last().map_or(BEGIN, |l| l.hash.as_str());
        let number = links.len() as u64 + 1;
        let link = draft.link(subject, number, previous, "2030-01-01T00:00:00Z");
        links.extend(link);
        links.last().unwrap().hash.clone()
    }

    #[test]
    fn the_order_of_the_events_tells_whatever_the_clock_says() {
        let key = SecretKey::new("ສົມພອນ", Role::Reviewer).unwrap();
        let (mut own, mut talk) = (Vec::new(), Vec::new());
        let signed = |kind| Draft {
            signer: Some(&key),
            ..Draft::of(kind, &[])
        };
        let note = |own: &mut Vec<Link>, head: String| {
            let draft = Draft::of(Kind::Sealed, &[])
                .with("interview", "a-1")
                .with("head", head);
            add(own, WORKSPACE, &draft);
        };
        add(&mut talk, "a-1", &signed(Kind::Certified));
        let seal = add(&mut talk, "a-1", &signed(Kind::Sealed));
        note(&mut own, seal);
        add(&mut talk, "a-1", &signed(Kind::Certified));
        let revoked = Draft::of(Kind::KeyRevoked, &[]).with("key", key.public().number.as_str());
        add(&mut own, WORKSPACE, &revoked);
        let again = add(&mut talk, "a-1", &signed(Kind::Sealed));
        note(&mut own, again);
        add(&mut talk, "a-1", &signed(Kind::Certified));
        let own = read(WORKSPACE, &own).unwrap();
        let (story, _) = Story::of("a-1", &talk);
        let told = |own: &[Event], interview: &str| {
            let order = Order::of(own, interview, &story);
            let all = story.events.iter().map(|e| order.before_revocation(e));
            all.collect::<Vec<_>>()
        };
        let (before, after) = (Some(true), Some(false));
        // The third lies between a note before and one after it: nobody knows.
        assert_eq!(told(&own, "a-1"), [before, before, None, after, after]);
        assert_eq!(told(&own, "a-2"), [None; 5]);
        assert_eq!(told(&own[..1], "a-1"), [None; 5], "not revoked");
    }
}
