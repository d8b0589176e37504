//! The desk's linguist: asks a question in other languages too, while the plain answer is read already. Models
//! are loaded and words translated here, where no correction waits for it.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::app::{Error, Translators};
use crate::domain::{Cancel, Lang};
use crate::store::{SearchPage, SearchQuery};

use super::board::Found;
use super::{Command, Common};

/// After so long without a question the models are given back: a recording may need the memory.
const KEPT: Duration = Duration::from_secs(300);

/// Answers until the desk is gone; of several questions that wait, the newest alone.
pub(super) fn run(common: &Common, asked: &Receiver<Command>) {
    let mut kept = Translators::default();
    loop {
        let first = match asked.recv_timeout(KEPT) {
            Ok(command) => command,
            Err(RecvTimeoutError::Timeout) => {
                kept = Translators::default();
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        match asked.try_iter().last().unwrap_or(first) {
            Command::SearchAcross(query, cancel) => {
                answer(common, &query, &cancel, &mut |tell| {
                    let app = &common.app;
                    app.search_translated(&query, &mut kept, &cancel, tell)
                });
            }
            // Other languages are not wanted any more.
            _ => kept = Translators::default(),
        }
    }
}

/// Told in which language is searched now.
type Tell<'a> = &'a mut dyn FnMut(Lang);

/// Puts what `search` finds on the board, unless nobody waits for it any more.
fn answer(
    common: &Common,
    query: &SearchQuery,
    cancel: &Cancel,
    search: &mut dyn FnMut(Tell<'_>) -> Result<SearchPage, Error>,
) {
    let board = &common.board;
    let found = search(&mut |lang| {
        if !cancel.is_cancelled() {
            board.reaching.put(lang);
            (common.wake)();
        }
    });
    board.reaching.take();
    match found {
        Ok(_) if cancel.is_cancelled() => {}
        Ok(page) => {
            if page.total > 0
                && let Err(error) = common.app.note_searched("window search")
            {
                common.tell(&error);
            }
            board.reached.put(Found::of(query, true, page));
        }
        Err(error) => common.tell(&error),
    }
    (common.wake)();
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::time::Instant;

    use super::*;
    use crate::app::desk::Desk;
    use crate::app::desk::picture::tests::with_sound;
    use crate::store::Index;

    fn page(total: u64) -> SearchPage {
        SearchPage {
            total,
            more: false,
            complete: true,
            index: Index::Used,
            broken: Vec::new(),
            hits: Vec::new(),
        }
    }

    #[test]
    fn a_question_that_is_not_wanted_any_more_leaves_nothing_on_the_board() {
        let (_dir, common, _) = with_sound(&[&[0; 16]]);
        let query = SearchQuery {
            text: "ສະບາຍດີ".to_owned(),
            ..SearchQuery::default()
        };
        let board = Arc::clone(&common.board);
        let cancel = Cancel::new();
        answer(&common, &query, &cancel, &mut |tell| {
            tell(Lang::My);
            assert_eq!(board.reaching.get().as_deref(), Some(&Lang::My));
            Ok(page(3))
        });
        assert!(board.reaching.get().is_none(), "it is over");
        let found = board.reached.take().expect("an answer");
        assert!(found.asked == query && found.across && found.total == 3);
        answer(&common, &query, &cancel, &mut |tell| {
            cancel.cancel();
            tell(Lang::Km);
            assert!(board.reaching.get().is_none(), "nobody waits for it");
            Ok(page(3))
        });
        assert!(board.reached.get().is_none());
    }

    #[test]
    fn a_plain_answer_comes_while_other_languages_are_still_searched_and_a_desk_that_goes_stops_them()
     {
        let (_dir, common, _) = with_sound(&[&[0; 16]]);
        let query = SearchQuery {
            text: "ສະບາຍດີ".to_owned(),
            ..SearchQuery::default()
        };
        let desk = Desk::start(Arc::clone(&common.app), Arc::new(|| ())).unwrap();
        let (first, second) = (Cancel::new(), Cancel::new());
        assert!(desk.ask(Command::SearchAcross(query.clone(), first.clone())));
        assert!(desk.ask(Command::Search(query.clone(), true)));
        let begun = Instant::now();
        while desk.board().found.get().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!first.is_cancelled());
        assert!(desk.ask(Command::SearchAcross(query, second.clone())));
        assert!(first.is_cancelled(), "the newest question alone counts");
        drop(desk);
        assert!(second.is_cancelled());
    }

    #[test]
    fn of_questions_that_wait_the_newest_alone_is_answered() {
        let (_dir, common, _) = with_sound(&[&[0; 16]]);
        let (ask, asked) = channel();
        for text in ["ສະ", "ສະບາຍ", "ສະບາຍດີ"] {
            let query = SearchQuery {
                text: text.to_owned(),
                ..SearchQuery::default()
            };
            ask.send(Command::SearchAcross(query, Cancel::new()))
                .unwrap();
        }
        drop(ask);
        run(&common, &asked);
        let found = common.board.reached.get().expect("an answer");
        assert_eq!(found.asked.text, "ສະບາຍດີ");
    }
}
