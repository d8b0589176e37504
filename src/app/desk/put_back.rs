//! The desk's part for taking changes back.

use crate::app::Error;
use crate::domain::{InterviewId, SegmentId};
use crate::store::Former;

use super::{Common, custody, reader};

/// What is to stand again as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutBack {
    /// The words of a line.
    Words(SegmentId, Former),
    /// Who speaks in lines.
    Speakers(Vec<(SegmentId, String)>),
}

/// Puts it back, then reads again what that changed.
pub(super) fn put_back(
    common: &Common,
    id: &InterviewId,
    what: &PutBack,
    (by, reason): (&str, &str),
    number: u64,
) -> Result<(), Error> {
    custody::at_desk(common, by);
    let signed = (by, Some(reason));
    match what {
        PutBack::Words(segment, former) => {
            let done = common.app.put_back(id, *segment, former, signed);
            reader::changed(common, (id, *segment), done, number)
        }
        PutBack::Speakers(said) => {
            let done = common.app.put_speakers_back(id, said, signed);
            reader::said_of(common, id, done, number)
        }
    }
}
