//! One device has several ids: ALSA has more ways than one to the same card.

use super::devices::{DeviceInfo, card, sort};

/// Ways of ALSA to one device, the best first: those behind the first do more than hand its sound over.
const WAYS: [&str; 4] = ["hw", "plughw", "sysdefault", "front"];

/// Of several ways to the same device the best one.
pub(super) fn one_id_each(list: Vec<DeviceInfo>) -> Vec<DeviceInfo> {
    let way = |id: &str| {
        let base = id.split(':').nth(1).unwrap_or_default();
        let known = WAYS.iter().position(|way| *way == base);
        known.unwrap_or(WAYS.len())
    };
    let mut kept: Vec<DeviceInfo> = Vec::new();
    for mut device in list {
        let Some(known) = kept.iter_mut().find(|known| known.is_same_as(&device)) else {
            kept.push(device);
            continue;
        };
        let default = known.default || device.default;
        if way(&device.id) < way(&known.id) {
            std::mem::swap(known, &mut device);
        }
        known.default = default;
    }
    sort(&mut kept);
    kept
}

/// Card and device that an id such as `alsa:plughw:CARD=PCH,DEV=0` names, whatever the way to them.
pub(super) fn device_of(id: &str) -> Option<(&str, &str)> {
    let card = card(id.strip_prefix("alsa:")?)?;
    let device = id.split_once("DEV=").map(|(_, device)| device);
    let device = device.and_then(|device| device.split(',').next());
    Some((card, device.unwrap_or("0")))
}

#[cfg(test)]
mod tests {
    use super::super::devices::floats;
    use super::*;

    fn device(id: &str, default: bool) -> DeviceInfo {
        DeviceInfo {
            id: id.into(),
            name: id.into(),
            default,
            floating: floats(id),
            place: String::new(),
            channels: 2,
            min_rate: 8000,
            max_rate: 48_000,
        }
    }

    #[test]
    fn each_device_is_listed_by_one_id_and_is_the_same_by_all_of_them() {
        let list = [
            device("alsa:default", true),
            device("alsa:front:CARD=PCH,DEV=0", false),
            device("alsa:sysdefault:CARD=PCH", false),
            device("alsa:hw:CARD=PCH,DEV=0", false),
            device("alsa:plughw:CARD=PCH,DEV=0", false),
            device("alsa:plughw:CARD=PCH,DEV=1", false),
            device("alsa:dsnoop:CARD=Mic,DEV=0", false),
            device("wasapi:{0.0.1}", false),
            device("wasapi:{0.0.2}", false),
        ];
        assert!(list[1].is_same_as(&list[2]) && list[2].is_same_as(&list[3]));
        assert!(!list[3].is_same_as(&list[5]) && !list[0].is_same_as(&list[3]));
        assert!(!list[7].is_same_as(&list[8]));
        let kept = one_id_each(list.to_vec());
        let ids: Vec<&str> = kept.iter().map(|d| d.id.as_str()).collect();
        assert_eq!(
            ids,
            [
                "alsa:default",
                "alsa:dsnoop:CARD=Mic,DEV=0",
                "alsa:hw:CARD=PCH,DEV=0",
                "alsa:plughw:CARD=PCH,DEV=1",
                "wasapi:{0.0.1}",
                "wasapi:{0.0.2}",
            ]
        );
        // The one that the system uses stays that, by whatever way it is listed.
        let usual = [
            device("alsa:sysdefault:CARD=PCH", true),
            device("alsa:hw:CARD=PCH,DEV=0", false),
        ];
        let kept = one_id_each(usual.to_vec());
        assert!(kept.len() == 1 && kept[0].default && kept[0].id.contains(":hw:"));
    }
}
