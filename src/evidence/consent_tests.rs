//! Tests of consent: every limit holds, by itself and after it was written down and read again.

use super::*;
use crate::evidence::{BEGIN, Draft, Link, SecretKey, Sign};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn victim() -> Consent {
    Consent {
        asked: Asked::Victim,
        seen_by: Audience::Partners(vec!["ab".repeat(32)]),
        until: Some(day("2027-06-30")),
        sound: false,
        pseudonym: Some("သီတာ".into()),
        person: Some("p3".into()),
        by: "王芳".into(),
    }
}

const COVERED: Outgoing<'_> = Outgoing {
    to: To::File,
    sound: false,
    named: false,
};

#[test]
fn each_limit_binds_and_says_what_to_do() {
    let (consent, before) = (victim(), day("2027-06-30"));
    let partner = "ab".repeat(32);
    let stranger = "cd".repeat(32);
    let limit = |what: Outgoing<'_>| consent.limit(&what, before);
    assert_eq!(limit(COVERED), None);
    let to = |to| Outgoing { to, ..COVERED };
    assert_eq!(limit(to(To::Partner(&partner))), None);
    assert_eq!(limit(to(To::Partner(&stranger))), Some(Limit::Partner));
    assert_eq!(limit(to(To::Anybody)), Some(Limit::Open));
    let sound = Outgoing {
        sound: true,
        ..COVERED
    };
    assert_eq!(limit(sound), Some(Limit::Sound));
    let named = Outgoing {
        named: true,
        ..COVERED
    };
    assert_eq!(limit(named), Some(Limit::Name));
    let over = Limit::Over(before);
    assert_eq!(consent.limit(&COVERED, day("2027-07-01")), Some(over));
    let refused = Consent {
        seen_by: Audience::Nobody,
        ..victim()
    };
    assert_eq!(refused.limit(&COVERED, before), Some(Limit::Nobody));
    let agency = Consent {
        seen_by: Audience::Agency,
        ..victim()
    };
    let across = to(To::Partner(&partner));
    assert_eq!(agency.limit(&across, before), Some(Limit::Partner));
    assert_eq!(agency.limit(&COVERED, before), None);
    let free = Consent {
        seen_by: Audience::Anyone,
        until: None,
        sound: true,
        pseudonym: None,
        ..victim()
    };
    let all = Outgoing {
        to: To::Anybody,
        sound: true,
        named: true,
    };
    assert_eq!(free.limit(&all, day("2100-01-01")), None);
    for limit in [
        Limit::Nobody,
        Limit::Over(before),
        Limit::Partner,
        Limit::Open,
        Limit::Sound,
        Limit::Name,
    ] {
        assert!(!limit.to_string().is_empty() && !limit.help().is_empty());
    }
}

/// A chain of these events.
fn chain(drafts: &[Draft<'_>]) -> Story {
    dated(drafts, &vec!["2026-11-24T00:00:00Z"; drafts.len()])
}

/// A chain of these events, each at its time.
fn dated(drafts: &[Draft<'_>], times: &[&str]) -> Story {
    let mut links: Vec<Link> = Vec::new();
    for (number, (draft, at)) in (1..).zip(drafts.iter().zip(times)) {
        let previous = links.last().map_or(BEGIN, |l| l.hash.as_str());
        let link = draft.link("a-1", number, previous, at);
        links.push(link.unwrap());
    }
    let (story, check) = Story::of("a-1", &links);
    assert!(check.ok || drafts.is_empty(), "{check:?}");
    story
}

fn given(consent: &Consent) -> Draft<'static> {
    Draft {
        facts: consent.facts(),
        ..Draft::of(Kind::Consented, &[])
    }
}

#[test]
fn the_newest_consent_counts_as_it_was_entered() {
    assert_eq!(chain(&[]).consent(), None);
    let taken_back = Consent {
        seen_by: Audience::Nobody,
        until: None,
        pseudonym: None,
        ..victim()
    };
    let story = chain(&[given(&taken_back), given(&victim())]);
    assert_eq!(story.consent(), Some((victim(), false)));
    let told = story.consent_check().unwrap();
    assert!(told.ok && told.detail.contains("until 2027-06-30"));
    assert!(told.detail.contains("under the name သီတာ"));
    let story = chain(&[given(&victim()), given(&taken_back)]);
    assert_eq!(story.consent(), Some((taken_back, false)));
    // One of which anything is missing allows nothing.
    for gone in ["of", "seen_by", "until", "sound", "entered_by"] {
        let mut broken = given(&victim());
        broken.facts.remove(gone);
        let (consent, _) = chain(&[broken]).consent().unwrap();
        assert_eq!(consent.seen_by, Audience::Nobody, "{gone}");
    }
}

#[test]
fn a_clock_that_was_years_ahead_ends_no_consent_that_is_entered_after_it() {
    let noted = || Draft::of(Kind::Noted, &[]);
    let ahead = [noted(), given(&victim()), noted()];
    let times = [
        "2030-01-01T00:00:00Z",
        "2026-11-24T00:00:00Z",
        "2026-11-25T00:00:00Z",
    ];
    let story = dated(&ahead, &times);
    assert_eq!(story.last_day(), Some(day("2026-11-25")));
    // A day that was noted since is over, whatever the clock says later.
    let back = [given(&victim()), noted(), noted()];
    let times = [
        "2027-06-30T00:00:00Z",
        "2027-07-01T00:00:00Z",
        "2027-06-29T00:00:00Z",
    ];
    assert_eq!(dated(&back, &times).last_day(), Some(day("2027-07-01")));
    assert_eq!(chain(&[noted()]).last_day(), None);
}

fn lift<'a>(signer: Option<&'a dyn Sign>) -> Draft<'a> {
    Draft {
        signer,
        ..Draft::of(Kind::Lifted, &[]).with("reason", "court order")
    }
}

#[test]
fn an_administrator_lifts_it_for_one_file_and_nobody_else_does() {
    let administrator = SecretKey::new("Daw Khin", Role::Administrator).unwrap();
    let officer = SecretKey::new("李明", Role::Officer).unwrap();
    let lifted = |drafts: &[Draft<'_>]| chain(drafts).consent().unwrap().1;
    let (good, bad) = (lift(Some(&administrator)), lift(Some(&officer)));
    assert!(!lifted(&[given(&victim()), bad]));
    assert!(!lifted(&[given(&victim()), lift(None)]));
    let exported = || Draft::of(Kind::Exported, &[]);
    assert!(lifted(&[given(&victim()), exported(), good]));
    let (good, again) = (lift(Some(&administrator)), lift(Some(&administrator)));
    assert!(!lifted(&[given(&victim()), good, exported()]));
    // A later consent is not lifted by what lifted the one before.
    assert!(!lifted(&[again, given(&victim())]));
}

#[test]
fn a_consent_that_does_not_hold_together_is_no_consent() {
    assert_eq!(victim().fault(), None);
    for pseudonym in ["", " V", "V\u{202e}1", &"x".repeat(61)] {
        let consent = Consent {
            pseudonym: Some(pseudonym.to_owned()),
            ..victim()
        };
        assert!(consent.fault().is_some(), "{pseudonym:?}");
    }
    let nobody = Consent {
        seen_by: Audience::Partners(Vec::new()),
        ..victim()
    };
    assert!(nobody.fault().is_some());
    let unsigned = Consent {
        by: " ".into(),
        ..victim()
    };
    assert!(unsigned.fault().is_some());
}
