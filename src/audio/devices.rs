//! Lists the microphones. A machine without a sound card has an empty list, not an error.

use cpal::traits::{DeviceTrait, HostTrait};
use serde::{Deserialize, Serialize};

use super::Error;

/// One input device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// Names the device for good, also after others were plugged in, for example `alsa:hw:CARD=0`.
    pub id: String,
    /// For people.
    pub name: String,
    /// Whether the system records from it when nobody chooses.
    pub default: bool,
    /// Channels at most.
    pub channels: u16,
    /// Lowest sample rate, frames a second.
    pub min_rate: u32,
    /// Highest sample rate, frames a second.
    pub max_rate: u32,
}

/// The input devices, the default one first, then by name.
///
/// # Errors
/// `Devices` when the sound service itself fails.
pub fn devices() -> Result<Vec<DeviceInfo>, Error> {
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
    list.sort_by(|a, b| b.default.cmp(&a.default).then_with(|| a.name.cmp(&b.name)));
    Ok(list)
}

/// Whether an id such as `alsa:hw:CARD=0,DEV=0` tells where a card stands instead of which it is.
fn named_by_place(id: &str) -> bool {
    let Some((_, card)) = id.split_once("CARD=") else {
        return false;
    };
    let card = card.split(',').next().unwrap_or_default();
    !card.is_empty() && card.bytes().all(|b| b.is_ascii_digit())
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
