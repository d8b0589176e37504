//! Which microphone is meant: by what it is and never by its place in the list; and why one that should be
//! there is in no list.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use cpal::traits::{DeviceTrait, HostTrait};

use super::Error;
use super::devices::{DeviceInfo, every_id, quiet};
use super::microphone::refused;
use super::ways::{device_of, one_id_each};

/// Where Linux has the files of its sound cards.
const DEVICES: &str = "/dev/snd";

/// The device that `wanted` names by its id or by its exact name; without a name, the only one there is, or
/// the system's usual one of several. Never another than the one named.
///
/// # Errors
/// `NoMicrophone`, `MicrophoneMissing`, `MicrophoneAmbiguous`, `Devices`; one that is plugged in and held by
/// another program or kept from this one is `Microphone` or `MicrophoneDenied`.
pub fn choose_device(wanted: Option<&str>) -> Result<DeviceInfo, Error> {
    choose_among(every_id()?, wanted).map_err(|missing| match (&missing, wanted) {
        (Error::MicrophoneMissing { .. }, Some(id)) => kept(id).unwrap_or(missing),
        (Error::NoMicrophone, None) => kept_card(Path::new(DEVICES)).unwrap_or(missing),
        _ => missing,
    })
}

/// Why the device with this id, which is in no list, does not answer; `None` where it is not there.
fn kept(id: &str) -> Option<Error> {
    let _quiet = quiet::Quiet::new();
    let device = cpal::default_host().device_by_id(&id.parse().ok()?)?;
    let why = device.supported_input_configs().err()?;
    Some(refused(id, &why)).filter(|why| !matches!(why, Error::MicrophoneMissing { .. }))
}

/// The first sound card with a microphone that the system keeps from this program, of those in the folder.
fn kept_card(devices: &Path) -> Option<Error> {
    let entries = fs::read_dir(devices).ok()?.flatten();
    let mut cards: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| captures(p)).collect();
    cards.sort();
    let denied = |path: &PathBuf| {
        let opened = fs::File::open(path);
        opened.is_err_and(|e| e.kind() == ErrorKind::PermissionDenied)
    };
    let card = cards.into_iter().find(denied)?;
    Some(Error::MicrophoneDenied {
        name: card.display().to_string(),
    })
}

/// Whether ALSA captures by this file: `pcmC0D0c`.
fn captures(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("pcmC") && name.ends_with('c'))
}

/// Whether it is a device of its own. ALSA lists plugins too (`alsa:samplerate`, `alsa:upmix`), each a way to
/// whatever the system uses.
fn is_card(device: &DeviceInfo) -> bool {
    !device.floating && (!device.id.starts_with("alsa:") || device_of(&device.id).is_some())
}

fn choose_among(list: Vec<DeviceInfo>, wanted: Option<&str>) -> Result<DeviceInfo, Error> {
    let Some(wanted) = wanted else {
        let list = one_id_each(list);
        let mut cards = list.iter().filter(|device| is_card(device));
        // The system's usual one may become another while it records: the only card there is does not.
        if let (Some(only), None) = (cards.next(), cards.next()) {
            return Ok(only.clone());
        }
        // The list begins with the usual one, where there is one.
        return list.into_iter().next().ok_or(Error::NoMicrophone);
    };
    if let Some(found) = list.iter().find(|d| d.id == wanted) {
        return Ok(found.clone());
    }
    let mut named = one_id_each(list).into_iter().filter(|d| d.name == wanted);
    match (named.next(), named.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(Error::MicrophoneAmbiguous {
            name: wanted.to_owned(),
        }),
        _ => Err(Error::MicrophoneMissing {
            name: wanted.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: &str, name: &str) -> DeviceInfo {
        DeviceInfo {
            id: id.into(),
            name: name.into(),
            default: false,
            floating: false,
            place: String::new(),
            channels: 2,
            min_rate: 8000,
            max_rate: 48_000,
        }
    }

    #[test]
    fn a_device_is_chosen_by_what_it_is_and_never_by_its_place_in_the_list() {
        let list = || {
            vec![
                device("alsa:hw:CARD=A", "Desk"),
                device("alsa:hw:CARD=B", "Table"),
                device("alsa:hw:CARD=C", "Table"),
            ]
        };
        let choose = |wanted| choose_among(list(), wanted);
        assert_eq!(choose(Some("alsa:hw:CARD=B")).unwrap().id, "alsa:hw:CARD=B");
        assert_eq!(choose(Some("Desk")).unwrap().id, "alsa:hw:CARD=A");
        assert!(matches!(
            choose(Some("Table")),
            Err(Error::MicrophoneAmbiguous { .. })
        ));
        for wrong in ["0", "1", "Chair", ""] {
            assert!(matches!(
                choose(Some(wrong)),
                Err(Error::MicrophoneMissing { .. })
            ));
        }
        assert_eq!(choose(None).unwrap().id, "alsa:hw:CARD=A");
        assert!(matches!(
            choose_among(Vec::new(), None),
            Err(Error::NoMicrophone)
        ));
    }

    #[test]
    fn without_a_name_the_only_card_is_taken_and_not_what_the_system_may_move() {
        let usual = DeviceInfo {
            default: true,
            floating: true,
            ..device("alsa:default", "Default")
        };
        let ways = |card: &str| {
            let way = |way: &str| device(&format!("alsa:{way}:CARD={card},DEV=0"), card);
            [way("plughw"), way("hw"), way("front")]
        };
        let choose = |cards: &[&str]| {
            let mut list = vec![usual.clone()];
            list.extend(["alsa:samplerate", "alsa:upmix"].map(|id| device(id, id)));
            list.extend(cards.iter().flat_map(|card| ways(card)));
            choose_among(list, None).unwrap().id
        };
        assert_eq!(choose(&[]), "alsa:default");
        assert_eq!(choose(&["Desk"]), "alsa:hw:CARD=Desk,DEV=0");
        assert_eq!(choose(&["Desk", "Table"]), "alsa:default");
        // By its name one card is one device, and by an id every way to it can be taken.
        let chosen = choose_among(ways("Desk").to_vec(), Some("Desk")).unwrap();
        assert_eq!(chosen.id, "alsa:hw:CARD=Desk,DEV=0");
        let id = "alsa:front:CARD=Desk,DEV=0";
        assert_eq!(
            choose_among(ways("Desk").to_vec(), Some(id)).unwrap().id,
            id
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_card_that_the_system_keeps_from_this_program_is_told_of() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let card = |name: &str, mode| {
            let path = dir.path().join(name);
            fs::write(&path, b"").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        assert!(kept_card(&dir.path().join("none")).is_none());
        card("pcmC0D0c", 0o600);
        card("pcmC0D0p", 0o000);
        card("controlC0", 0o000);
        assert!(kept_card(dir.path()).is_none());
        let kept = card("pcmC1D0c", 0o000);
        if fs::File::open(&kept).is_ok() {
            return; // the system's administrator may read everything
        }
        let error = kept_card(dir.path()).unwrap();
        assert!(matches!(&error, Error::MicrophoneDenied { name } if name.ends_with("pcmC1D0c")));
    }
}
