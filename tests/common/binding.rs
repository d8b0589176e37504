//! What binds until the last byte is written: consents that change meanwhile or are cut away, names that
//! a pseudonym stands for, keys that were revoked after they were opened.

use std::fs;
use std::sync::Once;

use mekong_interview::app::{Cover, Error, ExportChoices};
use mekong_interview::domain::{Cancel, FactKind, SegmentId, Verdict};
use mekong_interview::evidence::{
    self, Asked, Audience, Consent, Draft, Kind, Limit, Role, SecretKey,
};
use mekong_interview::export::Format;
use mekong_interview::pipeline::{Progress, Step};
use mekong_interview::store::{self, NewFact, Store};

use super::custody::{Custody, Edits as _, make, unguarded};
use super::{covered, everything, forge, forget_heads, holds, limit, list, partner, victim};

/// What the plain export of an interview holds.
fn exported(c: &Custody, name: &str) -> Vec<u8> {
    let out = c.dir.path().join(name);
    let (choices, cancel) = (ExportChoices::default(), Cancel::new());
    let place = (out.as_path(), false);
    c.app
        .export(&c.id.0, Format::Txt, &choices, place, &cancel, &|_| {})
        .unwrap();
    fs::read(out).unwrap()
}

#[test]
fn a_pseudonym_stands_for_every_name_that_the_person_ever_had_in_the_register() {
    let c = Custody::new();
    let mut store = Store::open(&c.database()).unwrap();
    let mut add = |name| {
        let names = [NewFact::new(FactKind::Name, name)];
        store.add_person(None, "王芳", &names).unwrap()
    };
    let (asked, same, other, last) = (add("张伟"), add("សុខា"), add("Hà Nội"), add("မည်"));
    // Corrected: the line still has the name as it was heard.
    let first = store.person_history(&asked).unwrap()[0].id;
    let corrected = NewFact {
        replaces: Some(first),
        ..NewFact::new(FactKind::Name, "章威")
    };
    store.add_facts(&asked, "王芳", &[corrected]).unwrap();
    let mut decide = |one, other, verdict| store.decide(one, other, verdict, "王芳", None).unwrap();
    decide(&asked, &same, Verdict::NotSame);
    decide(&same, &asked, Verdict::Same);
    decide(&asked, &other, Verdict::Same);
    decide(&asked, &other, Verdict::NotSame);
    decide(&last, &same, Verdict::Unsure);
    drop(store);
    let consent = Consent {
        asked: Asked::Witness,
        seen_by: Audience::Agency,
        until: None,
        sound: true,
        pseudonym: Some("W1".into()),
        person: Some(asked.0),
        by: "王芳".into(),
    };
    c.app.give_consent(&c.id.0, &consent, None).unwrap();
    let text = exported(&c, "w.txt");
    assert!(!holds(&text, "张伟") && !holds(&text, "សុខា"));
    assert!(holds(&text, "[W1]") && holds(&text, "Hà Nội"));
}

#[test]
fn a_covered_copy_names_neither_who_entered_the_consent_nor_a_signer_that_is_covered() {
    let c = Custody::new();
    let consent = Consent {
        seen_by: Audience::Anyone,
        by: "សុខា".into(),
        ..victim(&c, Vec::new())
    };
    c.app.give_consent(&c.id.0, &consent, None).unwrap();
    let file = covered(&c, "copy.zip", false).unwrap();
    let (_dir, theirs) = partner(&c);
    let (opened, foreign) = theirs
        .receive(&file, None, &Cancel::new(), &|_| {})
        .unwrap();
    let bytes = [fs::read(&file).unwrap(), everything(&foreign.folder)].concat();
    assert!(!holds(&bytes, "សុខា"));
    // The limits are told all the same.
    let told = opened.checks.iter().find(|k| k.name == "consent").unwrap();
    assert!(told.detail.contains("may be seen by anyone"), "{told:?}");
    let signer = SecretKey::new("张伟", Role::Officer).unwrap();
    make(&c.app, &signer, c.dir.path());
    let (cancel, out, list) = (Cancel::new(), c.dir.path().join("named.zip"), list(&c));
    let cover = Cover {
        list: Some(&list),
        sound: false,
    };
    let refused = c
        .app
        .bundle_covered(&c.id.0, cover, None, &out, &signer, (&cancel, &|_| {}))
        .unwrap_err();
    assert!(refused.to_string().contains("signs the copy"), "{refused}");
    assert!(refused.help().contains("--by") && !out.exists());
}

#[test]
fn what_happens_while_a_file_is_written_or_checked_is_not_overlooked() {
    let c = Custody::new();
    let consent = Consent {
        seen_by: Audience::Anyone,
        sound: true,
        pseudonym: None,
        person: None,
        ..victim(&c, Vec::new())
    };
    let back = Consent {
        seen_by: Audience::Nobody,
        ..consent.clone()
    };
    let list = list(&c);
    let cover = Cover {
        list: Some(&list),
        sound: true,
    };
    for is_copy in [false, true] {
        let signer = Some(&c.officer);
        c.app.give_consent(&c.id.0, &consent, signer).unwrap();
        let once = Once::new();
        let hear = |progress| {
            let Progress::Step { step, .. } = progress else {
                return;
            };
            if step == Step::Copying {
                once.call_once(|| drop(c.app.give_consent(&c.id.0, &back, None).unwrap()));
            }
        };
        let (cancel, out) = (Cancel::new(), c.dir.path().join("late.zip"));
        let result = if is_copy {
            let work = (&cancel, &hear as &(dyn Fn(Progress) + Sync));
            c.app
                .bundle_covered(&c.id.0, cover, None, &out, &c.officer, work)
        } else {
            c.app
                .bundle(&c.id.0, None, &out, &c.officer, &cancel, &hear)
        };
        assert_eq!(limit(result), Limit::Nobody);
        assert!(once.is_completed() && !out.exists());
    }
    // A seal is for what was looked at.
    let once = Once::new();
    let hear = |_: Progress| {
        once.call_once(|| {
            let mut store = Store::open(&c.database()).unwrap();
            store
                .edit_text(&c.id, SegmentId(1), "我叫张卫。", "Su", None)
                .unwrap();
        });
    };
    let sealed = c.app.seal(&c.id.0, &c.officer, &Cancel::new(), &hear);
    assert!(once.is_completed());
    assert!(
        matches!(sealed, Err(Error::Store(store::Error::Busy))),
        "{sealed:?}"
    );
    assert!(
        c.app
            .seal(&c.id.0, &c.officer, &Cancel::new(), &|_| {})
            .is_ok()
    );
    assert!(c.verify().ok);
}

#[test]
fn a_consent_that_is_cut_off_the_end_of_the_chain_is_missed() {
    let mut c = Custody::new();
    forget_heads(&mut c);
    // A program of an earlier version noted consents in the interview's chain alone.
    let old = Draft {
        facts: victim(&c, Vec::new()).facts(),
        ..Draft::of(Kind::Consented, &[])
    };
    forge(&c, 1, &old, &jiff::Timestamp::now().to_string());
    assert!(c.verify().ok, "{:#?}", c.verify());
    let back = Consent {
        seen_by: Audience::Nobody,
        ..victim(&c, Vec::new())
    };
    c.app.give_consent(&c.id.0, &back, None).unwrap();
    assert!(c.verify().ok, "{:#?}", c.verify());
    let last = |subject: i64| {
        let db = unguarded(&c.database());
        let cut = "DELETE FROM chain WHERE subject = ?1
                   AND number = (SELECT max(number) FROM chain WHERE subject = ?1)";
        db.execute(cut, [subject]).unwrap();
    };
    let before = fs::read(c.database()).unwrap();
    last(1);
    let bad: Vec<_> = c.verify().checks.into_iter().filter(|k| !k.ok).collect();
    assert!(bad.iter().any(|k| k.name == "workspace"), "{bad:?}");
    // The other end: the note is gone, the consent is there.
    fs::write(c.database(), before).unwrap();
    c.app.give_consent(&c.id.0, &back, None).unwrap();
    last(0);
    let bad: Vec<_> = c.verify().checks.into_iter().filter(|k| !k.ok).collect();
    assert!(bad.iter().any(|k| k.name == "workspace"), "{bad:?}");
}

#[test]
fn a_key_that_was_revoked_after_it_was_opened_signs_nothing() {
    let c = Custody::new();
    let khin = SecretKey::new("Daw Khin", Role::Administrator).unwrap();
    make(&c.app, &khin, c.dir.path());
    let anyone = Consent {
        seen_by: Audience::Anyone,
        sound: true,
        pseudonym: None,
        ..victim(&c, Vec::new())
    };
    c.app.give_consent(&c.id.0, &anyone, None).unwrap();
    for name in ["李明", "Nguyễn Thu", "Daw Khin"] {
        c.app.revoke_key(name, None, Some(&khin)).unwrap();
    }
    let before = Store::open(&c.database()).unwrap().chain(&c.id).unwrap();
    let (cancel, out) = (Cancel::new(), c.dir.path().join("out.zip"));
    let refused = [
        c.app
            .seal(&c.id.0, &c.officer, &cancel, &|_| {})
            .map(|_| ()),
        c.app
            .certify(&c.id.0, &[SegmentId(1)], &c.reviewer, None)
            .map(|_| ()),
        c.app
            .lift_consent(&c.id.0, "court order", &khin)
            .map(|_| ()),
        c.app
            .receive_and_sign(&out, &c.officer, &out, (&cancel, &|_| {}))
            .map(|_| ()),
    ];
    for result in refused {
        let revoked = matches!(result, Err(Error::Evidence(evidence::Error::Revoked(_))));
        assert!(revoked, "{result:?}");
    }
    let after = Store::open(&c.database()).unwrap().chain(&c.id).unwrap();
    assert_eq!(before, after);
    let bundled = c
        .app
        .bundle(&c.id.0, None, &out, &c.officer, &cancel, &|_| {});
    assert!(
        matches!(bundled, Err(Error::Evidence(evidence::Error::Revoked(_)))),
        "{bundled:?}"
    );
    assert!(!out.exists());
}
