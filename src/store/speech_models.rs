//! The speech models that a person chose for an interview: kept with its channels from its first event on.

use rusqlite::{Connection, Transaction, params};

use super::{Error, codec};
use crate::domain::{Channel, SpeechModel, SpeechModels};

/// The chosen models of one channel as a JSON object, for a statement that names it `?` by columns.
pub(super) const CHOSEN: &str = "(SELECT json_group_object(m.lang, m.model) FROM speech_model m
     WHERE m.interview = c.interview AND m.channel = c.position)";
/// Those of a whole interview `i` as a JSON list, by channel.
pub(super) const ALL_CHOSEN: &str = "(SELECT json_group_array(json_object(
         'channel', m.channel, 'lang', m.lang, 'model', m.model) ORDER BY m.channel, m.key)
     FROM speech_model m WHERE m.interview = i.key)";

/// Stores what was chosen for a channel of an interview that is being begun.
pub(super) fn insert(tx: &Transaction<'_>, interview: i64, channel: &Channel) -> Result<(), Error> {
    for (lang, model) in &channel.speech_models {
        tx.execute(
            "INSERT INTO speech_model (interview, channel, lang, model) VALUES (?1, ?2, ?3, ?4)",
            params![interview, channel.index, lang.code(), model],
        )?;
    }
    Ok(())
}

/// What [`CHOSEN`] found.
pub(super) fn of_channel(json: &str) -> Result<SpeechModels, Error> {
    serde_json::from_str(json).map_err(|_| Error::damaged("a chosen speech model cannot be read"))
}

/// What [`ALL_CHOSEN`] found.
pub(super) fn of_interview(json: &str) -> Result<Vec<SpeechModel>, Error> {
    codec::from_json(json)
}

/// The channels of an interview.
pub(super) fn channels(conn: &Connection, interview: i64) -> Result<Vec<Channel>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT c.position, c.speaker, c.languages, {CHOSEN} FROM channel c
         WHERE c.interview = ?1 ORDER BY c.position"
    ))?;
    let mut rows = statement.query([interview])?;
    let mut channels = Vec::new();
    while let Some(row) = rows.next()? {
        channels.push(Channel {
            index: row.get(0)?,
            speaker: row.get(1)?,
            languages: codec::langs_from_text(&row.get::<_, String>(2)?)?,
            speech_models: of_channel(&row.get::<_, String>(3)?)?,
        });
    }
    Ok(channels)
}
