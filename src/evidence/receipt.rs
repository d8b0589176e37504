//! Receipts: a partner's signed word that a bundle came, whole, and when.

use serde_json::{Map, Value, json};

use super::Error;
use super::canonical::{canonical, hex, parse_canonical};
use super::receive::Opened;
use super::sign::{Sign, verifies};

/// What a receiver signs and sends back: this bundle came, whole, then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The bundle's own name.
    pub bundle: String,
    /// The interview.
    pub interview: String,
    /// The hash of its last event.
    pub head: String,
    /// SHA-256 of the bundle's tag manifest.
    pub manifest: String,
    /// When it was received, RFC 3339, by the receiver's clock.
    pub at: String,
    /// Who received it: name, role, number.
    pub by: [String; 3],
}

impl Receipt {
    /// A receipt for `opened`, signed, as one line of canonical JSON.
    pub fn sign(opened: &Opened, signer: &dyn Sign) -> String {
        let key = signer.public();
        let receipt = Receipt {
            bundle: opened.bundle.clone(),
            interview: opened.interview.clone(),
            head: opened.head.clone(),
            manifest: opened.manifest.clone(),
            at: jiff::Timestamp::now()
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string(),
            by: [
                key.name.clone(),
                key.role.as_str().to_owned(),
                key.number.clone(),
            ],
        };
        let mut fields = receipt.fields();
        let message = canonical(&Value::Object(fields.clone())).unwrap_or_default();
        let signature = hex(&signer.sign(message.as_bytes()));
        fields.insert("signature".into(), json!(signature));
        canonical(&Value::Object(fields)).unwrap_or_default()
    }

    /// Reads a receipt and checks its signature; whether its key is trusted is for the caller.
    ///
    /// # Errors
    /// [`Error::Mismatch`].
    pub fn read(line: &str) -> Result<Self, Error> {
        let wrong = || Error::mismatch("the receipt");
        let Ok(Value::Object(mut fields)) = parse_canonical(line.trim_end()) else {
            return Err(wrong());
        };
        let signature = fields.remove("signature").ok_or_else(wrong)?;
        let field = |name: &str| {
            let found = fields.get(name).and_then(Value::as_str);
            found.map(str::to_owned).ok_or_else(wrong)
        };
        let receipt = Receipt {
            bundle: field("bundle")?,
            interview: field("interview")?,
            head: field("head")?,
            manifest: field("manifest")?,
            at: field("at")?,
            by: [field("by")?, field("role")?, field("key")?],
        };
        let message = canonical(&Value::Object(receipt.fields())).map_err(|_| wrong())?;
        let [_, _, key] = &receipt.by;
        let signature = signature.as_str().unwrap_or_default();
        if receipt.fields() == fields && verifies(key, message.as_bytes(), signature) {
            Ok(receipt)
        } else {
            Err(wrong())
        }
    }

    fn fields(&self) -> Map<String, Value> {
        let [by, role, key] = &self.by;
        let fields = [
            ("receipt", "mekong-receipt-1"),
            ("bundle", &self.bundle),
            ("interview", &self.interview),
            ("head", &self.head),
            ("manifest", &self.manifest),
            ("at", &self.at),
            ("by", by),
            ("role", role),
            ("key", key),
        ];
        fields
            .into_iter()
            .map(|(name, text)| (name.to_owned(), json!(text)))
            .collect()
    }
}
