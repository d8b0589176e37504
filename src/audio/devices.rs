//! Lists the microphones. A machine without a sound card has an empty list, not an error.

use std::fs;
use std::path::Path;

use cpal::traits::{DeviceTrait, HostTrait};
use serde::{Deserialize, Serialize};

use super::Error;
use super::ways::{device_of, one_id_each};

/// One input device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// Names the device for good, also after others were plugged in, for example `alsa:hw:CARD=PCH`.
    pub id: String,
    /// For people.
    pub name: String,
    /// Whether the system records from it when nobody chooses.
    pub default: bool,
    /// Not one microphone but whatever the system uses at the moment, which may change while it records.
    pub floating: bool,
    /// What tells it from another of the same make: its serial number, or where it is plugged in. Empty
    /// where the system does not say.
    pub place: String,
    /// Channels at most.
    pub channels: u16,
    /// Lowest sample rate, frames a second.
    pub min_rate: u32,
    /// Highest sample rate, frames a second.
    pub max_rate: u32,
}

impl DeviceInfo {
    /// Its name, with what tells it from another of the same make.
    pub fn title(&self) -> String {
        title(&self.name, &self.place)
    }

    /// Whether both are the same device of the same card, by whatever way.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let own = device_of(&self.id);
        self.id == other.id || (own.is_some() && own == device_of(&other.id))
    }

    /// Whether this is for certain not the device that had this id at that place: a serial number goes
    /// where its device goes, and another socket may hold the same one.
    pub fn is_another_than(&self, place: &str) -> bool {
        place.starts_with(SERIAL) && self.place != place
    }

    /// Refuses a device that has this one's id now and is not this one: after another was plugged in, the
    /// system may give it the same id.
    pub(super) fn require_same(&self, name: &str, place: &str) -> Result<(), Error> {
        // Of a device without a place the system tells no more than its id.
        if self.place == place && (place.is_empty() || self.name == name) {
            return Ok(());
        }
        // One that is only just being plugged in has no place yet.
        Err(match place {
            "" => Error::MicrophoneMissing { name: self.title() },
            _ => Error::MicrophoneOther {
                name: self.title(),
                found: title(name, place),
            },
        })
    }
}

fn title(name: &str, place: &str) -> String {
    match place {
        "" => name.to_owned(),
        place => format!("{name} ({place})"),
    }
}

/// The input devices, each by one id, the default one first, then by name.
///
/// # Errors
/// `Devices` when the sound service itself fails.
pub fn devices() -> Result<Vec<DeviceInfo>, Error> {
    Ok(one_id_each(every_id()?))
}

pub(super) fn sort(list: &mut [DeviceInfo]) {
    list.sort_by(|a, b| b.default.cmp(&a.default).then_with(|| a.name.cmp(&b.name)));
}

/// The same, also by other ways to the same device.
///
/// # Errors
/// As [`devices`].
pub(super) fn every_id() -> Result<Vec<DeviceInfo>, Error> {
    let _quiet = quiet::Quiet::new();
    let host = cpal::default_host();
    let default = host.default_input_device().and_then(|d| d.id().ok());
    let found = match host.input_devices() {
        Ok(found) => found,
        // Without a default device this is a machine without sound, which is no failure.
        Err(_) if default.is_none() => return Ok(Vec::new()),
        Err(e) => {
            return Err(Error::Devices {
                detail: e.to_string(),
            });
        }
    };
    let mut list: Vec<DeviceInfo> = found
        .filter_map(|d| describe(&d, default.as_ref()))
        .collect();
    // ALSA lists each card twice, by its name and by its place among the cards, which changes.
    if list.iter().any(|d| !named_by_place(&d.id)) {
        list.retain(|d| d.default || !named_by_place(&d.id));
    }
    sort(&mut list);
    Ok(list)
}

/// The card that an id such as `alsa:hw:CARD=PCH,DEV=0` names.
pub(super) fn card(id: &str) -> Option<&str> {
    let (_, card) = id.split_once("CARD=")?;
    card.split(',').next().filter(|card| !card.is_empty())
}

/// Whether an id such as `alsa:hw:CARD=0,DEV=0` tells where a card stands instead of which it is.
fn named_by_place(id: &str) -> bool {
    card(id).is_some_and(|card| card.bytes().all(|b| b.is_ascii_digit()))
}

/// Where the system lists its sound cards.
const CARDS: &str = "/sys/class/sound";
/// What stands before a serial number.
const SERIAL: &str = "no. ";
/// Longest serial number that is shown, in letters.
const MAX_SERIAL: usize = 40;
/// Names of ALSA that stand for whatever the system uses, where no card is named beside them.
const FLOATING: [&str; 6] = ["default", "sysdefault", "pulse", "pipewire", "jack", "oss"];

/// Whether an id such as `alsa:pulse` names a way to the sound server instead of a device.
pub(super) fn floats(id: &str) -> bool {
    let Some(name) = id.strip_prefix("alsa:") else {
        return false;
    };
    let base = name.split(':').next().unwrap_or_default();
    FLOATING.contains(&base) && !name.contains("CARD=")
}

/// Where the device with this id is now, as [`DeviceInfo::place`] has it.
pub(super) fn place_now(id: &str) -> String {
    place(id, Path::new(CARDS))
}

/// The serial number of a card in an id such as `alsa:hw:CARD=Device_1,DEV=0`, else the USB port that it
/// is plugged into; empty for what is built in.
fn place(id: &str, cards: &Path) -> String {
    let found = card(id).and_then(|card| {
        let entries = fs::read_dir(cards).ok()?.flatten();
        let own = |folder: &Path| {
            let id = fs::read_to_string(folder.join("id"));
            id.is_ok_and(|id| id.trim() == card)
        };
        let folder = entries.map(|e| e.path()).find(|folder| own(folder))?;
        // The interface of the device that makes the sound; the device itself is above it.
        let interface = fs::canonicalize(folder.join("device")).ok()?;
        let device = interface.parent()?;
        let serial = fs::read_to_string(device.join("serial")).unwrap_or_default();
        let serial: String = serial.trim().chars().take(MAX_SERIAL).collect();
        if !serial.is_empty() {
            return Some(format!("{SERIAL}{serial}"));
        }
        let port = device.join("busnum").is_file().then(|| device.file_name());
        Some(format!("USB {}", port??.to_string_lossy()))
    });
    found.unwrap_or_default()
}

/// `None` for a device that cannot record now, such as an unplugged or exclusively used one.
fn describe(device: &cpal::Device, default: Option<&cpal::DeviceId>) -> Option<DeviceInfo> {
    let id = device.id().ok()?;
    if id.id() == "null" {
        return None; // ALSA's device that records nothing, present on every machine
    }
    let name = device.description().ok()?.name().to_owned();
    let configs: Vec<_> = device.supported_input_configs().ok()?.collect();
    Some(DeviceInfo {
        default: default == Some(&id),
        floating: floats(&id.to_string()),
        place: place_now(&id.to_string()),
        id: id.to_string(),
        name,
        channels: configs.iter().map(|c| c.channels()).max()?,
        min_rate: configs.iter().map(|c| c.min_sample_rate()).min()?,
        max_rate: configs.iter().map(|c| c.max_sample_rate()).max()?,
    })
}

/// ALSA writes a page of complaints to standard error for every plugin it cannot open. This hands
/// them to nobody while the list is made, on this thread alone.
#[cfg(target_os = "linux")]
pub(super) mod quiet {
    use std::ffi::{c_char, c_int, c_void};
    use std::sync::Once;

    type Handler = Option<
        unsafe extern "C" fn(
            *const c_char,
            c_int,
            *const c_char,
            c_int,
            *const c_char,
            *mut c_void,
        ),
    >;

    unsafe extern "C" {
        fn snd_lib_error_set_local(handler: Handler) -> Handler;
        fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void;
        fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    }

    /// What libjack calls with every message; `jack_set_error_function` of jack/jack.h.
    type Listener = unsafe extern "C" fn(*const c_char);
    type SetListener = unsafe extern "C" fn(Listener);

    unsafe extern "C" fn deaf(_message: *const c_char) {}

    /// ALSA's plugin for JACK asks libjack for a server, and libjack complains to standard error
    /// where none runs. It is told once, by its own interface, to tell nobody; nothing else in this
    /// program uses it.
    fn hush_jack() {
        /// `RTLD_LAZY` of dlfcn.h.
        const LAZY: c_int = 1;
        // SAFETY: the names are C strings; the library is the one that the plugin would load, stays
        // loaded for ever, and is not there on most machines, which is a null pointer.
        let library = unsafe { dlopen(c"libjack.so.0".as_ptr(), LAZY) };
        if library.is_null() {
            return;
        }
        for name in [c"jack_set_error_function", c"jack_set_info_function"] {
            // SAFETY: an open library and a C string.
            let found = unsafe { dlsym(library, name.as_ptr()) };
            if !found.is_null() {
                // SAFETY: jack/jack.h gives both functions this type; `deaf` lives for ever and
                // touches nothing.
                unsafe { std::mem::transmute::<*mut c_void, SetListener>(found)(deaf) };
            }
        }
    }

    unsafe extern "C" fn ignore(
        _file: *const c_char,
        _line: c_int,
        _function: *const c_char,
        _error: c_int,
        _format: *const c_char,
        _arguments: *mut c_void,
    ) {
    }

    /// Silence until it is dropped.
    pub struct Quiet(Handler);

    impl Quiet {
        pub fn new() -> Self {
            static JACK: Once = Once::new();
            JACK.call_once(hush_jack);
            // SAFETY: the function of alsa-lib (linked by cpal) stores a thread-local pointer;
            // `ignore` has the C type it asks for, touches none of its arguments and lives for ever.
            Self(unsafe { snd_lib_error_set_local(Some(ignore)) })
        }
    }

    impl Drop for Quiet {
        fn drop(&mut self) {
            // SAFETY: puts back, on the same thread, what alsa-lib itself gave us.
            unsafe { snd_lib_error_set_local(self.0) };
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) mod quiet {
    /// Other systems say nothing.
    pub struct Quiet;

    impl Quiet {
        pub fn new() -> Self {
            Self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_known_by_its_name_and_not_by_its_place() {
        assert!(named_by_place("alsa:hw:CARD=0,DEV=0"));
        assert!(named_by_place("alsa:plughw:CARD=12"));
        for id in [
            "alsa:hw:CARD=PCH,DEV=0",
            "alsa:pulse",
            "wasapi:{0.0.1}",
            "alsa:hw:CARD=",
        ] {
            assert!(!named_by_place(id), "{id}");
        }
    }

    #[test]
    fn a_way_to_the_sound_server_is_not_one_microphone() {
        for id in ["alsa:default", "alsa:pulse", "alsa:pipewire", "alsa:jack"] {
            assert!(floats(id), "{id}");
        }
        for id in [
            "alsa:hw:CARD=PCH,DEV=0",
            "alsa:sysdefault:CARD=PCH",
            "alsa:default:CARD=PCH",
            "wasapi:{0.0.1}",
            "coreaudio:default",
        ] {
            assert!(!floats(id), "{id}");
        }
    }

    fn table() -> DeviceInfo {
        DeviceInfo {
            id: "alsa:hw:CARD=Device,DEV=0".into(),
            name: "Table".into(),
            default: false,
            floating: false,
            place: String::new(),
            channels: 1,
            min_rate: 8_000,
            max_rate: 48_000,
        }
    }

    #[test]
    fn of_a_built_in_microphone_only_the_id_is_known() {
        assert!(table().require_same("ໂຕະ", "").is_ok());
        assert!(table().require_same("Table", "USB 1-2").is_err());
        let numbered = DeviceInfo {
            place: "no. 7".into(),
            ..table()
        };
        assert!(numbered.is_another_than("no. 8") && table().is_another_than("no. 8"));
        assert!(!numbered.is_another_than("no. 7"));
        // It may be the same one, or nothing is known of it.
        assert!(!numbered.is_another_than("USB 1-3") && !numbered.is_another_than(""));
    }

    #[cfg(unix)]
    #[test]
    fn two_cards_of_the_same_make_are_told_apart_by_number_or_port() {
        let dir = tempfile::tempdir().unwrap();
        let cards = dir.path().join("cards");
        let plug = |number: u32, name: &str, port: &str, serial: Option<&str>| {
            let device = dir.path().join(port);
            let interface = device.join(format!("{port}:1.0"));
            fs::create_dir_all(&interface).unwrap();
            fs::write(device.join("busnum"), "1\n").unwrap();
            if let Some(serial) = serial {
                fs::write(device.join("serial"), format!("{serial}\n")).unwrap();
            }
            let card = cards.join(format!("card{number}"));
            fs::create_dir_all(&card).unwrap();
            fs::write(card.join("id"), format!("{name}\n")).unwrap();
            std::os::unix::fs::symlink(&interface, card.join("device")).unwrap();
        };
        plug(1, "Device", "1-2", None);
        plug(2, "Device_1", "1-3", Some("A00042"));
        let built_in = dir.path().join("pci");
        fs::create_dir_all(built_in.join("0000:00:1f.3")).unwrap();
        let card = cards.join("card0");
        fs::create_dir_all(&card).unwrap();
        fs::write(card.join("id"), "PCH\n").unwrap();
        std::os::unix::fs::symlink(built_in.join("0000:00:1f.3"), card.join("device")).unwrap();
        let began = DeviceInfo {
            place: place("alsa:hw:CARD=Device,DEV=0", &cards),
            ..table()
        };
        // Unplugged; then another of the same make in another socket gets the name that is free.
        let again = |port: &str, name: &str| {
            fs::remove_dir_all(cards.join("card1")).unwrap();
            plug(1, "Device", port, None);
            began.require_same(name, &place(&began.id, &cards))
        };
        let other = again("1-4", "Table").unwrap_err();
        let told = |e: &Error| {
            matches!(e, Error::MicrophoneOther { name, found }
                if name == "Table (USB 1-2)" && found == "Table (USB 1-4)")
        };
        assert!(told(&other) && !other.help().is_empty(), "{other}");
        let model = again("1-2", "Chair").unwrap_err();
        assert!(matches!(model, Error::MicrophoneOther { .. }), "{model}");
        assert!(again("1-2", "Table").is_ok());
        let none = began.require_same("Table", "").unwrap_err();
        assert!(matches!(none, Error::MicrophoneMissing { .. }), "{none}");
        let place = |id: &str| place(id, &cards);
        assert_eq!(place("alsa:hw:CARD=Device,DEV=0"), "USB 1-2");
        assert_eq!(place("alsa:hw:CARD=Device_1,DEV=0"), "no. A00042");
        for id in ["alsa:hw:CARD=PCH,DEV=0", "alsa:hw:CARD=Gone", "alsa:pulse"] {
            assert_eq!(place(id), "", "{id}");
        }
    }

    #[test]
    fn a_machine_with_or_without_a_sound_card_gives_a_list() {
        let list = devices().unwrap();
        assert!(list.iter().filter(|d| d.default).count() <= 1);
        for device in list {
            assert!(
                device.channels > 0 && device.min_rate <= device.max_rate,
                "{device:?}"
            );
            assert!(
                device.id.contains(':') && !device.name.is_empty(),
                "{device:?}"
            );
        }
    }
}
